#!/usr/bin/env node
import { printFailure, processIo } from '@warren/runtime'
import { reportCommand } from './cli/report.command.ts'

const io = processIo()
try {
  await reportCommand(io).name('warren-report').parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env)
}
