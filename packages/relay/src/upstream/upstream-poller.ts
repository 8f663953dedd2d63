import { Backoff, FailureStreak, type LinkSummary, type Logger, sleep } from '@warren/runtime'
import { TaskApiError, type TaskApiClient } from '@warren/task-api'
import { withGrace } from './grace.ts'
import type { LeaderElection } from './leader-election.ts'
import type { TaskIntake } from './task-intake.ts'

export interface UpstreamPollerOptions {
  /** Name of the upstream, stored with its tasks. */
  readonly upstream: string
  readonly client: Pick<TaskApiClient, 'nextTask'>
  /** The queue to poll. Undefined polls without a suffix. */
  readonly type: 'a' | 'b' | undefined
  readonly intake: Pick<TaskIntake, 'receive'>
  readonly election: Pick<LeaderElection, 'waitForTerm' | 'suspectDatabase'>
  /** Polling interval: from the start of an empty poll to the start of the next one, ms. */
  readonly intervalMs: number
  /** How long the upstream is asked to hold an empty poll, s. */
  readonly waitSeconds: number
  readonly summary: Pick<LinkSummary, 'record'>
  readonly log: Logger
  readonly onPoll?: (poll: { readonly type: string; readonly outcome: string }) => void
  readonly random?: () => number
  /** Longest wait after a failure, ms. */
  readonly maxBackoffMs?: number
  /** Ms since 1970. */
  readonly now?: () => number
}

// A response may contain a task, and not every upstream hands a task out twice. A poll that lasts longer is being held.
const GRACE_MS = 2_000

/**
 * Polls one queue of an upstream until it is stopped.
 *
 * It polls again immediately after a new task, and otherwise once per interval. It also polls while no node is connected,
 * because an upstream treats a silent collection as offline. After a failure, it waits for a growing, jittered time, and at
 * least as long as `Retry-After`.
 */
export class UpstreamPoller {
  readonly #options: UpstreamPollerOptions
  readonly #backoff: Backoff
  readonly #failures: FailureStreak
  readonly #now: () => number
  readonly #type: string

  constructor(options: UpstreamPollerOptions) {
    const random = options.random ?? Math.random
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#failures = new FailureStreak(this.#now)
    this.#type = options.type ?? 'unified'
    this.#backoff = new Backoff({
      initialMs: Math.max(1_000, options.intervalMs),
      maxMs: options.maxBackoffMs ?? 60_000,
      random,
    })
  }

  /** Resolves when `signal` has aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const term = await this.#options.election.waitForTerm()
      if (term === undefined) return
      const pauseMs = await this.#poll(term, signal)
      await sleep(pauseMs, signal)
    }
  }

  /** Polls once and stores the task, if any. Resolves to the pause before the next poll, ms. */
  async #poll(term: AbortSignal, signal: AbortSignal): Promise<number> {
    const { upstream, client, type, intake, election, waitSeconds, intervalMs } = this.#options
    const started = performance.now()
    using polling = withGrace(term, GRACE_MS)
    let task: Awaited<ReturnType<typeof client.nextTask>>
    try {
      task = await client.nextTask({
        ...(type === undefined ? {} : { type }),
        waitSeconds,
        signal: polling.signal,
      })
    } catch (error: unknown) {
      return term.aborted ? 0 : this.#recordFailure(error, performance.now() - started)
    }
    const durationMs = performance.now() - started
    this.#backoff.reset()
    this.#recordSuccess(task, durationMs)
    if (task !== null) {
      const received = await intake.receive(upstream, task.body, signal)
      if (received === 'new') return 0
      if (received === 'not stored') election.suspectDatabase()
    }
    // Without the pause, a task that is handed out repeatedly would cause a tight loop.
    return task === null ? Math.max(0, intervalMs - durationMs) : intervalMs
  }

  #recordSuccess(task: { requestId: string } | null, durationMs: number): void {
    const { upstream, log, summary, onPoll } = this.#options
    const status = task === null ? 204 : 200
    const request = task === null ? {} : { requestId: task.requestId }
    log.debug(
      { upstream, type: this.#type, status, ...request, durationMs: Math.round(durationMs) },
      'upstream poll answered',
    )
    this.#logRecovery()
    summary.record(String(status), durationMs)
    onPoll?.({ type: this.#type, outcome: String(status) })
  }

  #logRecovery(): void {
    const { upstream, log } = this.#options
    const ended = this.#failures.succeed()
    if (ended?.logged !== true) return
    const { failures, since } = ended
    const durationMs = Math.max(0, this.#now() - since)
    const streak = { failures, since: new Date(since).toISOString(), durationMs }
    log.info({ upstream, type: this.#type, ...streak }, 'upstream polls recovered')
  }

  #recordFailure(error: unknown, durationMs: number): number {
    const { upstream, log, summary, onPoll } = this.#options
    const known = error instanceof TaskApiError ? error : undefined
    const retryInMs = Math.max(this.#backoff.next(), known?.retryAfterMs ?? 0)
    const code = known?.code ?? 'UNKNOWN'
    const reason = {
      upstream,
      type: this.#type,
      kind: known?.kind ?? 'defect',
      code,
      ...(known?.status === undefined ? {} : { status: known.status }),
      detail: error instanceof Error ? error.message : String(error),
    }
    const fields = {
      ...reason,
      ...(known === undefined ? { err: error } : { requestId: known.requestId }),
      durationMs: Math.round(durationMs),
      retryInMs,
    }
    const { log: line, failures, since } = this.#failures.fail(code)
    if (line === 'full') log.error(fields, 'upstream poll failed')
    else log.debug(fields, 'upstream poll failed')
    if (line === 'summary') {
      const streak = { failures, since: new Date(since).toISOString() }
      log.warn({ ...reason, ...streak }, 'upstream polls still failing')
    }
    summary.record('error', durationMs)
    onPoll?.({ type: this.#type, outcome: code })
    return retryInMs
  }
}
