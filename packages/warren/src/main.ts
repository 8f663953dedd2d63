#!/usr/bin/env node
import { cacheCompiledCode, printFailure, processIo, type CliIo } from '@warren/runtime/cli'

import { invocationOf } from './invocation.ts'

const io: CliIo = { ...processIo(), invocation: invocationOf(process) }
cacheCompiledCode(io.env)
try {
  const { buildProgram } = await import('./program.ts')
  const program = await buildProgram(io, process.argv[2])
  await program.parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env, io.invocation)
}
