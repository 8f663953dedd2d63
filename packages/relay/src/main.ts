#!/usr/bin/env node
import { printFailure, processIo } from '@warren/runtime'
import { relayCommand } from './cli/relay-command.ts'

const io = processIo()
try {
  await relayCommand(io).parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env)
}
