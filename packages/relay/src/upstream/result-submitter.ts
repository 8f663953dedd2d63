import { Backoff, type Logger, sleep } from '@warren/runtime'
import { type Exchange, type TaskApiClient, TaskApiError } from '@warren/task-api'
import type { Submission, SubmissionOutcome, TaskStore } from '../store/task-store.ts'
import {
  afterFailure,
  isTooLarge,
  replaceOnce,
  type SubmissionPolicy,
} from './submission-policy.ts'
import { withGrace } from './grace.ts'

export interface ResultSubmitterOptions {
  /** Only results for this upstream are claimed, so that an upstream that hangs does not delay others. */
  readonly upstream: string
  readonly client: Pick<TaskApiClient, 'submitResultJson'>
  readonly store: Pick<TaskStore, 'claimSubmissions' | 'renewClaims' | 'recordSubmission'>
  readonly policy: SubmissionPolicy
  readonly log: Logger
  readonly onAttempt?: (outcome: SubmissionOutcome['outcome'], durationMs: number) => void
  /** Maximum number of concurrent submissions. */
  readonly concurrency?: number
  /** How long a claim lasts unless it is renewed, ms. Afterwards, another relay may claim the result. */
  readonly claimMs?: number
  /** Longest time between two queries of the store, ms. */
  readonly idleMs?: number
  readonly random?: () => number
}

// Without the grace time, a result that the upstream is just accepting would be submitted again.
const GRACE_MS = 3_000
/** How long recording an outcome is retried, while the relay runs and after it was stopped. */
const RECORD_MS = { running: 600_000, stopped: 5_000 }

/**
 * Submits stored results to their upstream. Due results are claimed from the store, and the outcome is recorded there. A
 * crash in between causes a second submission but never loses a result. Any relay may submit, leader or not. A claim is short
 * and renewed while its submission is in progress, so that a crash delays the result by seconds.
 */
export class ResultSubmitter {
  readonly #options: ResultSubmitterOptions
  readonly #claimMs: number
  /** Submissions in progress, or whose outcome is not recorded yet. */
  readonly #active = new Map<Submission, Promise<void>>()
  readonly #storeBackoff: Backoff
  #wakeUp = Promise.withResolvers<void>()
  /** Submissions that failed in this process: task ID -> time of the next attempt (`performance.now()`). */
  readonly #retries = new Map<string, number>()

  constructor(options: ResultSubmitterOptions) {
    this.#options = options
    this.#claimMs = options.claimMs ?? 6_000
    this.#storeBackoff = this.#newBackoff()
  }

  /** A result may be due now. */
  wake(): void {
    this.#wakeUp.resolve()
  }

  /** Resolves after `signal` aborts and the submissions in progress are recorded. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { concurrency = 4 } = this.#options
    const renewal = setInterval(() => void this.#renewClaims(), this.#claimMs / 3)
    while (!signal.aborted) {
      if (this.#active.size >= concurrency) {
        await Promise.race(this.#active.values())
        continue
      }
      const claimed = await this.#claim(concurrency - this.#active.size, signal)
      for (const submission of claimed) {
        const submitting = this.#submit(submission, signal).finally(() => {
          this.#active.delete(submission)
        })
        this.#active.set(submission, submitting)
      }
      if (claimed.length === 0) await this.#waitForWork(signal)
    }
    await Promise.all(this.#active.values())
    clearInterval(renewal)
  }

  async #claim(limit: number, signal: AbortSignal): Promise<readonly Submission[]> {
    const { store, upstream, log } = this.#options
    this.#wakeUp = Promise.withResolvers()
    try {
      const now = performance.now()
      // A claim may have expired while the database was unavailable.
      const except = [...this.#active.keys()].map(({ taskId }) => taskId)
      const claimMs = this.#claimMs
      const claimed = await store.claimSubmissions({ limit, claimMs, upstream, except })
      this.#storeBackoff.reset()
      // Retries that were due are claimed, by this relay or another one.
      for (const [taskId, at] of this.#retries) if (at <= now) this.#retries.delete(taskId)
      return claimed
    } catch (error: unknown) {
      const retryInMs = this.#storeBackoff.next()
      log.warn({ upstream, err: error, retryInMs }, 'cannot read pending submissions')
      await sleep(retryInMs, signal)
      return []
    }
  }

  async #renewClaims(): Promise<void> {
    // The store logs its own outage. A claim that expires meanwhile causes a second submission at worst.
    await this.#options.store
      .renewClaims([...this.#active.keys()], this.#claimMs)
      .catch(() => undefined)
  }

  /** Waits until `wake`, the next retry, the end of a submission, or `idleMs`. */
  async #waitForWork(signal: AbortSignal): Promise<void> {
    const { idleMs = 2_000 } = this.#options
    const early = new AbortController()
    const untilRetry = Math.max(0, Math.min(...this.#retries.values()) - performance.now())
    try {
      await Promise.race([
        this.#wakeUp.promise,
        sleep(Math.min(idleMs, untilRetry), AbortSignal.any([signal, early.signal])),
        ...this.#active.values(),
      ])
    } finally {
      early.abort()
    }
  }

  async #submit(submission: Submission, signal: AbortSignal): Promise<void> {
    const { onAttempt } = this.#options
    const started = performance.now()
    const outcome = await this.#attempt(submission, signal, started)
    onAttempt?.(outcome.outcome, performance.now() - started)
    if (outcome.outcome === 'retry') {
      this.#retries.set(submission.taskId, performance.now() + outcome.afterMs)
    }
    await this.#record(submission, outcome, signal)
  }

  /** Without the record, an upstream would get the same result again and again. */
  async #record(
    submission: Submission,
    outcome: SubmissionOutcome,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, upstream, log } = this.#options
    const { uuid: taskId, attempt } = submission
    const backoff = this.#newBackoff()
    const started = performance.now()
    for (;;) {
      try {
        await store.recordSubmission(submission, outcome)
        return
      } catch (error: unknown) {
        const retryInMs = backoff.next()
        const boundMs = signal.aborted ? RECORD_MS.stopped : RECORD_MS.running
        if (performance.now() + retryInMs - started > boundMs) {
          // The claim expires and the result is submitted again, which an upstream accepts as a duplicate.
          log.warn({ taskId, upstream, attempt, err: error }, 'submission not recorded')
          return
        }
        log.debug(
          { taskId, upstream, attempt, err: error, retryInMs },
          'submission not recorded yet',
        )
        await sleep(retryInMs, signal.aborted ? undefined : signal)
      }
    }
  }

  #newBackoff(): Backoff {
    const { random = Math.random } = this.#options
    return new Backoff({ initialMs: 500, maxMs: 10_000, random })
  }

  async #attempt(
    submission: Submission,
    signal: AbortSignal,
    started: number,
  ): Promise<SubmissionOutcome> {
    const { upstream, client, log } = this.#options
    const { uuid: taskId, attempt, result } = submission
    log.info({ taskId, upstream, attempt }, 'submitting result')
    using submitting = withGrace(signal, GRACE_MS)
    const finished: { exchange?: Exchange } = {}
    try {
      const outcome = await client.submitResultJson(submission, result, {
        signal: submitting.signal,
        onExchange: (exchange) => {
          finished.exchange = exchange
        },
      })
      const { status, requestId } = finished.exchange ?? {}
      const durationMs = Math.round(performance.now() - started)
      log.info(
        { taskId, upstream, attempt, outcome, status, requestId, durationMs },
        'result submitted',
      )
      return { outcome: 'submitted' }
    } catch (error: unknown) {
      if (submitting.signal.aborted) {
        return { outcome: 'retry', afterMs: 0, cause: 'the relay was stopped' }
      }
      const ageMs = submission.ageMs + performance.now() - started
      return this.#recordFailure({ ...submission, ageMs }, error)
    }
  }

  #recordFailure(submission: Submission, failure: unknown): SubmissionOutcome {
    const { upstream, policy, log, random = Math.random } = this.#options
    const { uuid: taskId, attempt } = submission
    const error = asTaskApiError(failure)
    const outcome = isTooLarge(error)
      ? replaceOnce(submission, error)
      : afterFailure(submission, error, policy, random)
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
    } else if (outcome.replacement !== undefined) {
      log.error({ ...fields, bytes: submission.result.length }, 'result too large for the upstream')
    } else {
      log.warn(
        { ...fields, detail: error.message, retryInMs: outcome.afterMs },
        'submission failed',
      )
    }
    return outcome
  }
}

function asTaskApiError(failure: unknown): TaskApiError {
  if (failure instanceof TaskApiError) return failure
  const message = failure instanceof Error ? failure.message : String(failure)
  const details = { kind: 'transport', code: 'UNKNOWN', requestId: '', cause: failure } as const
  return new TaskApiError(message, details)
}
