import { Backoff, type LinkSummary, type Logger, sleep } from '@warren/runtime'
import { TaskApiError, type TaskApiClient } from '@warren/task-api'
import type { TaskService } from '../tasks/task-service.ts'
import { withGrace } from './grace.ts'
import type { LeaderElection } from './leader-election.ts'

export interface UpstreamPollerOptions {
  /** Name of the upstream, under which its tasks are kept and answered. */
  readonly upstream: string
  readonly client: Pick<TaskApiClient, 'nextTask'>
  /** The queue this loop asks; undefined asks without a suffix. */
  readonly type: 'a' | 'b' | undefined
  readonly taskService: Pick<TaskService, 'admit'>
  readonly election: Pick<LeaderElection, 'waitForLeadership'>
  /** From the start of one empty poll to the start of the next, ms. */
  readonly intervalMs: number
  /** Seconds an upstream that can is asked to hold an empty poll. */
  readonly waitSeconds: number
  readonly summary: Pick<LinkSummary, 'record'>
  readonly log: Logger
  readonly onPoll?: (poll: { readonly type: string; readonly outcome: string }) => void
  readonly random?: () => number
  /** Longest wait after failures, ms. */
  readonly maxBackoffMs?: number
  /** How long a task already taken is held while the store does not take it, ms. */
  readonly holdMs?: number
}

// A task may be on its way, and not every upstream gives it out twice. One that takes longer holds the poll.
const GRACE_MS = 2_000

/**
 * Asks one queue of one upstream for tasks, for ever.
 *
 * It asks again at once while there are new tasks, and otherwise once an interval, whether or not any node is there:
 * an upstream takes silence for a dead collection. Nothing the upstream does ends the loop: failures are waited out
 * with growing, jittered pauses, and `Retry-After` is respected.
 */
export class UpstreamPoller {
  readonly #options: UpstreamPollerOptions
  readonly #backoff: Backoff
  readonly #storeBackoff: Backoff
  readonly #type: string

  constructor(options: UpstreamPollerOptions) {
    const random = options.random ?? Math.random
    this.#options = options
    this.#type = options.type ?? 'unified'
    this.#backoff = new Backoff({
      initialMs: Math.max(1_000, options.intervalMs),
      maxMs: options.maxBackoffMs ?? 60_000,
      random,
    })
    this.#storeBackoff = new Backoff({ initialMs: 500, maxMs: 10_000, random })
  }

  /** Resolves when `signal` has aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.election.waitForLeadership(signal)
      if (signal.aborted) return
      const pauseMs = await this.#round(signal)
      await sleep(pauseMs, signal)
    }
  }

  /** One poll and what follows from it; resolves to the pause before the next, ms. */
  async #round(signal: AbortSignal): Promise<number> {
    const { client, type, waitSeconds, intervalMs } = this.#options
    const started = performance.now()
    using polling = withGrace(signal, GRACE_MS)
    let task: Awaited<ReturnType<typeof client.nextTask>>
    try {
      task = await client.nextTask({
        ...(type === undefined ? {} : { type }),
        waitSeconds,
        signal: polling.signal,
      })
    } catch (error: unknown) {
      return signal.aborted ? 0 : this.#failed(error, performance.now() - started)
    }
    const durationMs = performance.now() - started
    this.#backoff.reset()
    this.#answered(task, durationMs)
    if (task !== null && (await this.#takeIn(task.body, signal)) === 'new') return 0
    // A task that comes again and again would otherwise be asked for in a tight loop.
    return task === null ? Math.max(0, intervalMs - durationMs) : intervalMs
  }

  #answered(task: { requestId: string } | null, durationMs: number): void {
    const { upstream, log, summary, onPoll } = this.#options
    const status = task === null ? 204 : 200
    const request = task === null ? {} : { requestId: task.requestId }
    log.debug(
      { upstream, type: this.#type, status, ...request, durationMs: Math.round(durationMs) },
      'upstream poll answered',
    )
    summary.record(String(status), durationMs)
    onPoll?.({ type: this.#type, outcome: String(status) })
  }

  #failed(error: unknown, durationMs: number): number {
    const { upstream, log, summary, onPoll } = this.#options
    const known = error instanceof TaskApiError ? error : undefined
    const retryInMs = Math.max(this.#backoff.next(), known?.retryAfterMs ?? 0)
    log.error(
      {
        upstream,
        type: this.#type,
        kind: known?.kind ?? 'defect',
        code: known?.code ?? 'UNKNOWN',
        ...(known?.status === undefined ? {} : { status: known.status }),
        detail: error instanceof Error ? error.message : String(error),
        ...(known === undefined ? { err: error } : { requestId: known.requestId }),
        durationMs: Math.round(durationMs),
        retryInMs,
      },
      'upstream poll failed',
    )
    summary.record('error', durationMs)
    onPoll?.({ type: this.#type, outcome: known?.code ?? 'UNKNOWN' })
    return retryInMs
  }

  /**
   * Hands a task to the task service, again and again while the store does not take it: not every upstream gives a task out
   * twice, and this process is the only place where it is.
   */
  async #takeIn(task: unknown, signal: AbortSignal): Promise<'new' | 'nothing new'> {
    const { taskService, upstream, log, holdMs = 300_000 } = this.#options
    const giveUpAt = performance.now() + holdMs
    for (;;) {
      try {
        const { outcome } = await taskService.admit(upstream, task)
        this.#storeBackoff.reset()
        return outcome === 'admitted' ? 'new' : 'nothing new'
      } catch (error: unknown) {
        const retryInMs = this.#storeBackoff.next()
        if (signal.aborted || performance.now() + retryInMs > giveUpAt) {
          log.error({ upstream, err: error }, 'task lost')
          return 'nothing new'
        }
        log.warn({ upstream, err: error, retryInMs }, 'task not stored, retrying')
        await sleep(retryInMs, signal)
      }
    }
  }
}
