#!/usr/bin/env node
import { cacheCompiledCode, printFailure, processIo } from '@warren/runtime/cli'

const io = processIo()
cacheCompiledCode(io.env)
try {
  const { reportCommand } = await import('./cli/report.command.ts')
  await reportCommand(io).name('warren-report').parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env)
}
