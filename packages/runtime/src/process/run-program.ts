import { constants } from 'node:os'

import type { Logger } from 'pino'

import { ExitCode } from './exit-code.ts'
import { ProgramError } from './program-error.ts'

export interface ProgramContext {
  /** Aborted by the first SIGTERM or SIGINT. `main` must then accept no new work, finish its current work and return. */
  readonly signal: AbortSignal
  /** Disposed in reverse order when `main` returns or throws, even after a partial start. */
  readonly resources: AsyncDisposableStack
  readonly log: Logger
}

export interface ProgramOptions {
  log: Logger
  /** How long `main` and the disposal of its resources may take after the first signal. */
  drainTimeoutMs?: number
}

type StopSignal = 'SIGTERM' | 'SIGINT'
const STOP_SIGNALS: readonly StopSignal[] = ['SIGTERM', 'SIGINT']
// After this time, only a handle that was not closed can keep the process alive.
const MAX_LINGER_MS = 1_000

/**
 * Runs `main` as the whole process. The first SIGTERM or SIGINT aborts `signal` and gives `main` and its resources
 * `drainTimeoutMs` to finish; a second one stops the process immediately. After a signal, the process ends *by that
 * signal*, otherwise with 0 or the code of the error, so that a supervisor can distinguish them.
 */
export async function runProgram(
  name: string,
  main: (context: ProgramContext) => Promise<void>,
  options: ProgramOptions,
): Promise<void> {
  const { log, drainTimeoutMs = 10_000 } = options
  const stop = new AbortController()
  const resources = new AsyncDisposableStack()
  let received: StopSignal | undefined

  const onSignal = (signal: StopSignal): void => {
    if (received !== undefined) {
      log.warn({ signal }, `${name} stopped at once by a second signal`)
      endBySignal(signal)
      return
    }
    received = signal
    log.info({ signal, drainTimeoutMs }, `${name} stopping`)
    setTimeout(() => {
      log.error({ signal, drainTimeoutMs }, `${name} did not stop in time`)
      endBySignal(signal)
    }, drainTimeoutMs).unref()
    stop.abort(new DOMException(`stopped by ${signal}`, 'AbortError'))
  }
  const onDefect = (error: unknown): void => {
    // The state of the process is unknown, so it does not drain.
    log.fatal({ err: error }, `${name} crashed`)
    process.exit(ExitCode.internal)
  }
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal)
  process.on('uncaughtException', onDefect)
  process.on('unhandledRejection', onDefect)

  let failure: { error: unknown } | undefined
  try {
    await main({ signal: stop.signal, resources, log })
  } catch (error: unknown) {
    if (!(stop.signal.aborted && isAbort(error))) failure = { error }
  }
  try {
    await resources.disposeAsync()
  } catch (error: unknown) {
    if (failure === undefined) failure = { error }
    else log.error({ err: error }, `${name} could not release everything`)
  }

  if (failure === undefined) log.info(`${name} stopped`)
  else logFailure(log, name, failure.error)

  if (received !== undefined && failure === undefined) {
    endBySignal(received)
    return
  }
  process.exitCode = failure === undefined ? (process.exitCode ?? ExitCode.ok) : codeOf(failure)
  process.off('uncaughtException', onDefect)
  process.off('unhandledRejection', onDefect)
  setTimeout(() => {
    log.warn({ handles: process.getActiveResourcesInfo() }, `${name} ended with handles open`)
    process.exit()
  }, MAX_LINGER_MS).unref()
}

function endBySignal(signal: StopSignal): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // The first process of a container has no default action for signals: the kernel ignores them.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 50)
}

function logFailure(log: Logger, name: string, error: unknown): void {
  if (error instanceof ProgramError) {
    log.fatal({ reason: error.message, hint: error.hint }, `${name} failed`)
  } else {
    log.fatal({ err: error }, `${name} failed`)
  }
}

function codeOf(failure: { error: unknown }): number {
  return failure.error instanceof ProgramError ? failure.error.exitCode : ExitCode.internal
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
