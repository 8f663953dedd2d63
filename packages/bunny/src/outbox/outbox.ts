import { setMaxListeners } from 'node:events'
import { Backoff, type Logger } from '@warren/runtime'
import { errorResult, isFailure, type EncodedResult } from '@warren/task-api'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import { classifyFailure } from './submission-failure.ts'
import type { StoredResult } from './task-store.ts'
import type { TaskKeeper } from './task-keeper.ts'

/** An answered submission, as it is logged. */
export interface Submission {
  readonly outcome: 'accepted' | 'already-answered'
  readonly requestId: string
  readonly status: number
}

export interface OutboxOptions {
  /** One `POST result`; throws `TaskApiError`. */
  readonly submit: (result: EncodedResult, signal: AbortSignal) => Promise<Submission>
  /** Keeps results until they are accepted, or rejected for good. */
  readonly tasks: TaskKeeper
  readonly clock: Clock
  readonly random?: () => number
  readonly log: Logger
  /** The URL of a result for the log, without the collection ID. */
  readonly resultUrl: (taskId: string) => string
  readonly initialBackoffMs: number
  readonly maxBackoffMs: number
  /** How long a result may be submitted after it was solved. */
  readonly retryForMs: number
  /** How many results may wait before `isFull` is true. */
  readonly maxWaiting?: number
}

/** A relay that recovers gets a few requests at a time, and not all waiting results at once. */
const MAX_CONCURRENT_SUBMISSIONS = 4

const MAX_RETRY_AFTER_MS = 10 * 60_000

/** A result to submit. */
interface Entry extends StoredResult {
  /** Whether the relay may have received it before, from this process or an earlier one. */
  readonly mayHaveArrived: boolean
}

/**
 * Results that wait for submission. Each is submitted until it is accepted, rejected or expired. With a folder, a result
 * survives a crash once `put` has returned. Submission is at least once: if a response is lost, the same result is
 * submitted again. The relay then responds with 409, which is success.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #submissions = new Map<string, Promise<void>>()
  /** Ends the pauses before the next attempts. */
  readonly #retryNow = new AbortController()
  /** Aborts running requests. */
  readonly #abort = new AbortController()
  #submitting = 0
  readonly #waiting: (() => void)[] = []

  constructor(options: OutboxOptions) {
    this.#options = options
    // One listener per waiting result is intended, and not a leak.
    setMaxListeners(0, this.#retryNow.signal, this.#abort.signal)
  }

  get size(): number {
    return this.#submissions.size
  }

  get isFull(): boolean {
    return this.#submissions.size >= (this.#options.maxWaiting ?? 256)
  }

  /** Whether a result is waiting for submission. */
  has(key: string): boolean {
    return this.#submissions.has(key)
  }

  /** Submits the results that an earlier process left in the folder. */
  restore(): void {
    const { tasks, log, clock, retryForMs } = this.#options
    for (const entry of tasks.unsubmitted()) {
      if (entry.solvedAt + retryForMs > clock.now()) this.#start({ ...entry, mayHaveArrived: true })
      else this.#discard(entry, 'it is older than BUNNY_RESULT_RETRY_FOR')
    }
    if (this.size > 0) log.info({ results: this.size }, BunnyEvent.outboxRestored)
  }

  /** Adds a result. It is on disk when this returns, if there is a folder. `again`: it was submitted before. */
  put(key: string, result: EncodedResult, options: { again?: boolean } = {}): void {
    const entry = { key, solvedAt: this.#options.clock.now(), result }
    this.#options.tasks.solved(entry)
    if (!this.#submissions.has(key)) {
      this.#start({ ...entry, mayHaveArrived: options.again === true })
    }
  }

  /**
   * Submits every waiting result once more without a pause. Returns when all are submitted, or after `withinMs`. The rest
   * stays in the folder for the next start; without a folder it is lost, and logged as lost.
   */
  async close(withinMs: number): Promise<void> {
    this.#retryNow.abort()
    const timer = setTimeout(() => this.#abort.abort(), withinMs)
    await Promise.all(this.#submissions.values())
    clearTimeout(timer)
  }

  #start(entry: Entry): void {
    const submission = this.#submit(entry).finally(() => this.#submissions.delete(entry.key))
    this.#submissions.set(entry.key, submission)
  }

  async #submit(solved: Entry): Promise<void> {
    let entry = solved
    const { clock, log, initialBackoffMs, maxBackoffMs, retryForMs, random, resultUrl } =
      this.#options
    const taskId = entry.result.uuid
    const backoff = new Backoff({
      initialMs: initialBackoffMs,
      maxMs: maxBackoffMs,
      ...(random === undefined ? {} : { random }),
    })
    for (let attempt = 1; ; attempt += 1) {
      const lastTry = this.#retryNow.signal.aborted
      const startedAt = clock.now()
      try {
        const { outcome, requestId, status } = await this.#submitOnce(entry.result)
        const fields = { taskId, requestId, status, durationMs: clock.now() - startedAt }
        // 409: the relay has a result, which is this one if an earlier response was lost. Otherwise the task was settled
        // without it, or another process answered it.
        if (outcome === 'accepted' || entry.mayHaveArrived) {
          log.info(fields, BunnyEvent.resultSubmitted)
        } else log.error({ ...fields, attempt }, BunnyEvent.resultRejected)
        this.#options.tasks.answered(entry.key, entry.result)
        return
      } catch (error: unknown) {
        const failure = classifyFailure(error)
        const closing = lastTry || this.#abort.signal.aborted
        if (failure.final) {
          const { requestId, status, detail } = failure
          log.error({ taskId, requestId, status, detail, attempt }, BunnyEvent.resultRejected)
          const reason = `the relay rejected it: ${detail}`
          if (status === 413 && !isFailure(entry.result)) {
            log.error({ taskId, reason }, BunnyEvent.resultLost)
            entry = tooLargeError(entry)
            this.#options.tasks.solved(entry)
            continue
          }
          // A 404 or similar: the relay does not wait for this result, so nothing is lost. Too large, or a defect: it is lost.
          this.#discard(entry, reason, status === undefined || status === 413)
          return
        }
        const retryInMs = Math.max(
          backoff.next(),
          Math.min(failure.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS),
        )
        const expired = clock.now() + retryInMs > entry.solvedAt + retryForMs
        const { requestId, kind, code, status, detail } = failure
        log.warn(
          {
            taskId,
            requestId,
            attempt,
            kind,
            code,
            status,
            detail,
            url: resultUrl(taskId),
            ...(closing || expired ? {} : { retryInMs }),
          },
          BunnyEvent.resultSubmissionFailed,
        )
        if (expired) {
          this.#discard(entry, `it could not be submitted in time: ${detail}`)
          return
        }
        if (closing) {
          if (!this.#options.tasks.survivesCrash) {
            this.#discard(entry, 'the bunny stopped before it was submitted')
          }
          return
        }
        if (requestMayHaveArrived(failure)) entry = { ...entry, mayHaveArrived: true }
        await clock.sleep(retryInMs, this.#retryNow.signal)
      }
    }
  }

  async #submitOnce(result: EncodedResult): Promise<Submission> {
    if (this.#submitting < MAX_CONCURRENT_SUBMISSIONS) this.#submitting += 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await this.#options.submit(result, this.#abort.signal)
    } finally {
      // Passes the slot to the next result, so that no other request can take it.
      const next = this.#waiting.shift()
      if (next === undefined) this.#submitting -= 1
      else next()
    }
  }

  /** Removes a result that will not be submitted, and logs it as lost if `lost`. */
  #discard(entry: StoredResult, reason: string, lost = true): void {
    if (lost) this.#options.log.error({ taskId: entry.result.uuid, reason }, BunnyEvent.resultLost)
    this.#options.tasks.remove(entry.key)
  }
}

/** Only a 401 or 403 shows that the relay did not use the result: a proxy can lose the response of an accepted one. */
const requestMayHaveArrived = ({ status }: { status: number | undefined }): boolean =>
  status !== 401 && status !== 403

/** Replaces a result that is too large for the relay, so that the relay does not wait for one until the deadline. */
const tooLargeError = (entry: Entry): Entry => ({
  ...entry,
  result: errorResult(
    { uuid: entry.result.uuid, collection: entry.result.collection_id },
    'The result is larger than the relay accepts.',
  ),
})
