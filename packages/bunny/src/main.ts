#!/usr/bin/env node
import { printFailure, processIo } from '@warren/runtime'
import { bunnyCommand } from './cli/bunny.command.ts'

const io = processIo()
try {
  await bunnyCommand(io).name('warren-bunny').parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env)
}
