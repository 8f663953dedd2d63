#!/usr/bin/env node
import { cacheCompiledCode, printFailure, processIo } from '@warren/runtime/cli'

const io = processIo()
cacheCompiledCode(io.env)
try {
  const { buildProgram } = await import('./program.ts')
  const program = await buildProgram(io, process.argv[2])
  await program.parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env)
}
