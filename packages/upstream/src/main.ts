#!/usr/bin/env node
import { printFailure, processIo } from '@warren/runtime'
import { upstreamCommand } from './cli/upstream-command.ts'

const io = processIo()
try {
  await upstreamCommand(io).parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env)
}
