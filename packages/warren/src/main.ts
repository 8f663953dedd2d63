#!/usr/bin/env node
import { printFailure, processIo } from '@warren/runtime'

import { buildProgram } from './program.ts'

const io = processIo()
try {
  await buildProgram(io).parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env)
}
