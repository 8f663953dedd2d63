import { setMaxListeners } from 'node:events'
import { Backoff, type Logger } from '@warren/runtime'
import { errorResult, isFailure, type TaskResult } from '@warren/task-api'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import { classifyFailure } from './submission-failure.ts'
import type { OutboxFolder, StoredResult } from './outbox-folder.ts'

/** One delivery, in what the log says of it. */
export interface Submission {
  readonly outcome: 'accepted' | 'already-answered'
  readonly requestId: string
  readonly status: number
}

export interface OutboxOptions {
  /** One `POST result`; throws `TaskApiError`. */
  readonly submit: (result: TaskResult, signal: AbortSignal) => Promise<Submission>
  /** Keeps results over a crash; without it they live in memory only. */
  readonly folder?: OutboxFolder
  readonly clock: Clock
  readonly random?: () => number
  readonly log: Logger
  /** Where a result goes, as it may stand in a log. */
  readonly resultUrl: (taskId: string) => string
  readonly initialBackoffMs: number
  readonly maxBackoffMs: number
  /** How long a result is worth delivering, from when it was solved. */
  readonly retryForMs: number
  /** Results that may wait; `isFull` says when there are as many. */
  readonly maxWaiting?: number
}

/** A relay that was away for long comes back to a handful of requests at a time, not to all results at once. */
const MAX_CONCURRENT_SUBMISSIONS = 4

const MAX_RETRY_AFTER_MS = 10 * 60_000

/**
 * Results on their way to the relay. Each is posted until it is accepted, finally refused, or too old to matter to
 * anybody. With a folder, a result that `put` has returned for survives the death of the process. At least once: a
 * reply that is lost on the way back makes the same result go out again, which the relay answers with 409.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #submissions = new Map<string, Promise<void>>()
  /** Wakes those who wait for their next attempt. */
  readonly #retryNow = new AbortController()
  /** Stops posts in flight. */
  readonly #abort = new AbortController()
  #submitting = 0
  readonly #waiting: (() => void)[] = []

  constructor(options: OutboxOptions) {
    this.#options = options
    // One listener a waiting result is intended, not a leak.
    setMaxListeners(0, this.#retryNow.signal, this.#abort.signal)
  }

  get size(): number {
    return this.#submissions.size
  }

  get isFull(): boolean {
    return this.#submissions.size >= (this.#options.maxWaiting ?? 256)
  }

  /** Whether this result is still on its way. */
  has(key: string): boolean {
    return this.#submissions.has(key)
  }

  /** Takes up what an earlier process left in the folder. */
  async restore(): Promise<void> {
    const { folder, log, clock, retryForMs } = this.#options
    if (folder === undefined) return
    const { results, unreadable } = await folder.readAll()
    for (const { file, reason } of unreadable) {
      log.error({ file, reason }, BunnyEvent.outboxFailure)
    }
    for (const entry of results) {
      if (entry.solvedAt + retryForMs > clock.now()) this.#start(entry)
      else await this.#discard(entry, 'it waited longer than results are kept')
    }
    if (this.size > 0) log.info({ results: this.size }, BunnyEvent.outboxRestored)
  }

  /** Takes a result; returns once it is safe on disk, if there is a folder, and long before it is delivered. */
  async put(key: string, result: TaskResult): Promise<void> {
    const entry: StoredResult = { key, solvedAt: this.#options.clock.now(), result }
    await this.#write(entry)
    if (!this.#submissions.has(key)) this.#start(entry)
  }

  /**
   * Tries everything once more, at once, and returns when all is delivered or after `withinMs`. What is left then stays
   * in the folder for the next start, or is lost and said to be.
   */
  async close(withinMs: number): Promise<void> {
    this.#retryNow.abort()
    const timer = setTimeout(() => this.#abort.abort(), withinMs)
    await Promise.all(this.#submissions.values())
    clearTimeout(timer)
  }

  #start(entry: StoredResult): void {
    const delivery = this.#submit(entry).finally(() => this.#submissions.delete(entry.key))
    this.#submissions.set(entry.key, delivery)
  }

  async #write(entry: StoredResult): Promise<void> {
    const { folder, log } = this.#options
    try {
      await folder?.write(entry)
    } catch (error: unknown) {
      // Not being able to keep it is no reason not to send it.
      log.error({ taskId: entry.result.uuid, err: error }, BunnyEvent.outboxFailure)
    }
  }

  async #submit(solved: StoredResult): Promise<void> {
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
        // 409: the relay has an answer to this task already, or has closed it. Ours is not the one it used.
        if (outcome === 'accepted') log.info(fields, BunnyEvent.resultSubmitted)
        else log.error({ ...fields, attempt }, BunnyEvent.resultRejected)
        await this.#remove(entry)
        return
      } catch (error: unknown) {
        const failure = classifyFailure(error)
        const closing = lastTry || this.#abort.signal.aborted
        if (failure.final) {
          const { requestId, status, detail } = failure
          log.error({ taskId, requestId, status, detail, attempt }, BunnyEvent.resultRejected)
          const reason = `the relay refused it: ${detail}`
          if (status === 413 && !isFailure(entry.result)) {
            log.error({ taskId, reason }, BunnyEvent.resultLost)
            entry = tooLargeError(entry)
            await this.#write(entry)
            continue
          }
          // 404 and the like: nobody waits for it any more. Too large, or a defect: somebody does, and gets nothing.
          await this.#discard(entry, reason, status === undefined || status === 413)
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
          await this.#discard(entry, `it could not be delivered in time: ${detail}`)
          return
        }
        if (closing) {
          if (this.#options.folder === undefined)
            await this.#discard(entry, 'the bunny stopped first')
          return
        }
        await clock.sleep(retryInMs, this.#retryNow.signal)
      }
    }
  }

  async #submitOnce(result: TaskResult): Promise<Submission> {
    if (this.#submitting < MAX_CONCURRENT_SUBMISSIONS) this.#submitting += 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await this.#options.submit(result, this.#abort.signal)
    } finally {
      // The place goes to the next in line without being free in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#submitting -= 1
      else next()
    }
  }

  /** Says that a result will not be delivered, and forgets it. */
  async #discard(entry: StoredResult, reason: string, lost = true): Promise<void> {
    if (lost) this.#options.log.error({ taskId: entry.result.uuid, reason }, BunnyEvent.resultLost)
    await this.#remove(entry)
  }

  async #remove(entry: StoredResult): Promise<void> {
    try {
      await this.#options.folder?.remove(entry.key)
    } catch (error: unknown) {
      this.#options.log.error({ taskId: entry.result.uuid, err: error }, BunnyEvent.outboxFailure)
    }
  }
}

/** What is sent where the answer is too large to be: whoever waits for it then knows, and does not wait in vain. */
const tooLargeError = (entry: StoredResult): StoredResult => ({
  ...entry,
  result: errorResult(
    { uuid: entry.result.uuid, collection: entry.result.collection_id },
    'The answer is larger than the relay accepts.',
  ),
})
