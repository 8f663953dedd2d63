#!/usr/bin/env node
import { keepCompiled, printFailure, processIo } from '@warren/runtime/cli'

const io = processIo()
keepCompiled(io.env)
try {
  const { reportCommand } = await import('./cli/report.command.ts')
  await reportCommand(io).name('warren-report').parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env)
}
