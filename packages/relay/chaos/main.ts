import { printFailure, processIo, ProgramError } from '@warren/runtime'
import { chaosCommand } from './chaos.command.ts'

const io = processIo()
const stop = new AbortController()
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => stop.abort(new ProgramError(`stopped by ${signal}`, { exitCode })))
}
try {
  await chaosCommand(io, stop.signal).parseAsync()
} catch (error: unknown) {
  process.exitCode = printFailure(error, io.stderr, io.env)
}
// Whatever a failed start has left open must not keep the process alive.
process.exit()
