import { Backoff, type Logger, sleep } from '@warren/runtime'
import {
  type Exchange,
  parseResult,
  type TaskApiClient,
  TaskApiError,
  type TaskResult,
} from '@warren/task-api'
import type { Submission, SubmissionOutcome, TaskStore } from '../store/relay-store.ts'
import { afterFailure, type SubmissionPolicy } from './submission-policy.ts'
import { withGrace } from './grace.ts'

export interface ResultSubmitterOptions {
  /** Only answers for this upstream are claimed: one that hangs never keeps another one waiting. */
  readonly upstream: string
  readonly client: Pick<TaskApiClient, 'submitResult'>
  readonly store: Pick<TaskStore, 'claimSubmissions' | 'recordSubmission'>
  readonly policy: SubmissionPolicy
  readonly log: Logger
  readonly onAttempt?: (outcome: SubmissionOutcome['outcome'], durationMs: number) => void
  /** Answers on their way at one time. */
  readonly concurrency?: number
  /** A claim outlives one attempt, ms; after that another relay may try. */
  readonly claimMs?: number
  /** Longest time between two looks into the store, ms. */
  readonly idleMs?: number
  readonly now?: () => number
  readonly random?: () => number
}

// Cut off, an answer that was just being taken is sent once more.
const GRACE_MS = 3_000

/**
 * Brings stored answers to their upstream. The store says which are due and remembers what became of them, so a
 * crash between the two costs a second delivery and never an answer. Any relay may deliver, leader or not.
 */
export class ResultSubmitter {
  readonly #options: ResultSubmitterOptions
  readonly #now: () => number
  readonly #active = new Set<Promise<void>>()
  readonly #storeBackoff: Backoff
  #wakeUp = Promise.withResolvers<void>()
  /** Task id -> when its retry is due, of those that failed in this process. */
  readonly #retries = new Map<string, number>()

  constructor(options: ResultSubmitterOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#storeBackoff = new Backoff({
      initialMs: 500,
      maxMs: 10_000,
      random: options.random ?? Math.random,
    })
  }

  /** Something may be due now. */
  wake(): void {
    this.#wakeUp.resolve()
  }

  /** Resolves when `signal` has aborted and what was under way is recorded; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { concurrency = 4 } = this.#options
    while (!signal.aborted) {
      if (this.#active.size >= concurrency) {
        await Promise.race(this.#active)
        continue
      }
      const claimed = await this.#claim(concurrency - this.#active.size, signal)
      for (const delivery of claimed) {
        const delivering = this.#deliver(delivery, signal).finally(() => {
          this.#active.delete(delivering)
        })
        this.#active.add(delivering)
      }
      if (claimed.length === 0) await this.#rest(signal)
    }
    await Promise.all(this.#active)
  }

  async #claim(limit: number, signal: AbortSignal): Promise<readonly Submission[]> {
    const { store, upstream, log, claimMs = 90_000 } = this.#options
    this.#wakeUp = Promise.withResolvers()
    try {
      const now = this.#now()
      const claimed = await store.claimSubmissions(now, { limit, claimMs, upstream })
      this.#storeBackoff.reset()
      // What was due is claimed, by us or by another relay.
      for (const [taskId, at] of this.#retries) if (at <= now) this.#retries.delete(taskId)
      return claimed
    } catch (error: unknown) {
      const retryInMs = this.#storeBackoff.next()
      log.warn({ upstream, err: error, retryInMs }, 'cannot read pending submissions')
      await sleep(retryInMs, signal)
      return []
    }
  }

  /** Until somebody wakes us, a retry is due, a place gets free, or it is time to look all the same. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { idleMs = 5_000 } = this.#options
    const early = new AbortController()
    const untilRetry = Math.max(0, Math.min(...this.#retries.values()) - this.#now())
    try {
      await Promise.race([
        this.#wakeUp.promise,
        sleep(Math.min(idleMs, untilRetry), AbortSignal.any([signal, early.signal])),
        ...this.#active,
      ])
    } finally {
      early.abort()
    }
  }

  async #deliver(delivery: Submission, signal: AbortSignal): Promise<void> {
    const { upstream, log, onAttempt } = this.#options
    const { uuid: taskId, attempt } = delivery
    const started = performance.now()
    const outcome = await this.#attempt(delivery, signal, started)
    onAttempt?.(outcome.outcome, performance.now() - started)
    if (outcome.outcome === 'retry') this.#retries.set(delivery.taskId, outcome.at)
    try {
      await this.#options.store.recordSubmission(delivery, outcome, this.#now())
    } catch (error: unknown) {
      // The claim runs out and it is delivered once more, which an upstream takes for what it is.
      log.warn({ taskId, upstream, attempt, err: error }, 'submission not recorded')
    }
  }

  async #attempt(
    delivery: Submission,
    signal: AbortSignal,
    started: number,
  ): Promise<SubmissionOutcome> {
    const { upstream, client, log } = this.#options
    const { uuid: taskId, attempt } = delivery
    const result = readStored(delivery.result)
    if (result === undefined) {
      log.error(
        { taskId, upstream, reason: 'the stored answer is unreadable' },
        'submission abandoned',
      )
      return { outcome: 'abandoned', cause: 'the stored answer is unreadable' }
    }
    log.info({ taskId, upstream, attempt }, 'submitting result')
    using submitting = withGrace(signal, GRACE_MS)
    const over: { exchange?: Exchange } = {}
    try {
      const outcome = await client.submitResult(result, {
        signal: submitting.signal,
        onExchange: (exchange) => {
          over.exchange = exchange
        },
      })
      const { status, requestId } = over.exchange ?? {}
      const durationMs = Math.round(performance.now() - started)
      log.info(
        { taskId, upstream, attempt, outcome, status, requestId, durationMs },
        'result submitted',
      )
      return { outcome: 'submitted' }
    } catch (error: unknown) {
      if (submitting.signal.aborted) {
        return { outcome: 'retry', at: this.#now(), cause: 'the hub was stopped' }
      }
      return this.#failed(delivery, error)
    }
  }

  #failed(delivery: Submission, failure: unknown): SubmissionOutcome {
    const { upstream, policy, log, random = Math.random } = this.#options
    const { uuid: taskId, attempt } = delivery
    const error = asTaskApiError(failure)
    const outcome = afterFailure(delivery, error, policy, this.#now(), random)
    const fields = {
      taskId,
      upstream,
      attempt,
      kind: error.kind,
      code: error.code,
      ...(error.status === undefined ? {} : { status: error.status }),
      requestId: error.requestId,
    }
    if (outcome.outcome === 'abandoned') {
      log.error({ ...fields, reason: outcome.cause }, 'submission abandoned')
    } else {
      const retryInMs = outcome.at - this.#now()
      log.warn({ ...fields, detail: error.message, retryInMs }, 'submission failed')
    }
    return outcome
  }
}

function readStored(text: string): TaskResult | undefined {
  try {
    return parseResult(JSON.parse(text))
  } catch {
    return undefined
  }
}

function asTaskApiError(failure: unknown): TaskApiError {
  if (failure instanceof TaskApiError) return failure
  const message = failure instanceof Error ? failure.message : String(failure)
  const details = { kind: 'transport', code: 'UNKNOWN', requestId: '', cause: failure } as const
  return new TaskApiError(message, details)
}
