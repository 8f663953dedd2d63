#!/usr/bin/env node
import {
  asInvoked,
  cacheCompiledCode,
  printFailure,
  processIo,
  type CliIo,
} from '@warren/runtime/cli'

import { invocationOf } from './invocation.ts'

const io: CliIo = { ...processIo(), invocation: invocationOf(process) }
cacheCompiledCode(io.env)
try {
  const { buildProgram } = await import('./program.ts')
  const program = await buildProgram(io, process.argv[2])
  await program.parseAsync()
} catch (error: unknown) {
  const { isTTY, columns } = io.stderr
  const write = (text: string): unknown => io.stderr.write(asInvoked(text, io.invocation))
  process.exitCode = printFailure(error, { isTTY, columns, write }, io.env)
}
