import { randomUUID } from 'node:crypto'
import {
  type JsonObject,
  ResultFormatError,
  type Task,
  TaskFormatError,
  isJsonObject,
  type TaskResult,
  parseJsonOutline,
  parseResult,
  parseTask,
} from '@warren/task-api'
import { type LogBudget, type Logger, newUuid } from '@warren/runtime'
import type { Collection } from '../collections/collection.ts'
import type { Collections } from '../collections/collections.ts'
import type { Behaviour } from '../config.ts'
import type { UpstreamStore } from '../store/upstream-store.ts'
import { UpstreamError } from '../upstream-error.ts'
import { KeyedSignal } from './keyed-signal.ts'
import { outgoingTask } from './outgoing-task.ts'
import {
  type Redelivery,
  cancel,
  expireIfOverdue,
  handOut,
  applyResult,
  failUnreadable,
} from './question-transitions.ts'
import { hasResult, type Question, isSettled } from './question.ts'

export interface QuestionsOptions {
  readonly store: UpstreamStore
  readonly collections: Collections
  readonly behaviour: Behaviour
  readonly leaseMs: number
  readonly maxAttempts: number
  readonly timeoutMs: Readonly<Record<Task['kind'], number>>
  readonly retentionMs: number
  readonly now: () => number
  readonly log: Logger
  readonly budget: LogBudget
}

export interface WaitLimit {
  readonly waitMs: number
  readonly signal: AbortSignal
}

const MAX_OPEN_QUESTIONS = 10_000

// How often a waiting request checks again: the end of a lease notifies no one.
const RECHECK_MS = 1000

/** Takes questions, hands them out as tasks, and stores their results. */
export class Questions {
  readonly #options: QuestionsOptions
  readonly #redelivery: Redelivery
  readonly #changes = new KeyedSignal()

  constructor(options: QuestionsOptions) {
    this.#options = options
    const { behaviour, leaseMs, maxAttempts } = options
    this.#redelivery = behaviour === 'current' ? { leaseMs, maxAttempts } : null
  }

  /**
   * Takes a task, or only its `cohort`, or only its `analysis` and `code`. `uuid` is optional, and so is `collection` if
   * there is only one.
   * @throws UpstreamError BAD_TASK, UUID_TAKEN, TOO_MANY_QUESTIONS, COLLECTION_SUSPENDED and those of `resolve`.
   */
  ask(json: unknown): Question {
    const { store, collections, now, log, timeoutMs } = this.#options
    const task = readTask(json)
    const { uuid, kind } = task
    const collection = collections.resolve(task.collection)
    if (collection.suspended) {
      const detail = `The collection "${collection.name}" has not polled for too long`
      throw new UpstreamError('COLLECTION_SUSPENDED', { detail })
    }
    const askedAt = now()
    const question = store.transaction(() => {
      if (store.findQuestion(uuid) !== undefined) throw new UpstreamError('UUID_TAKEN')
      if (store.countOpen(collection.id) >= MAX_OPEN_QUESTIONS)
        throw new UpstreamError('TOO_MANY_QUESTIONS')
      return store.insertQuestion({
        uuid,
        collectionId: collection.id,
        kind,
        task: { ...task.raw, uuid, collection: collection.id },
        askedAt,
        deadline: askedAt + timeoutMs[kind],
        state: 'queued',
        attempts: 0,
        leasedUntil: null,
        worker: null,
        settledAt: null,
        message: null,
      })
    })
    log.info({ taskId: uuid, kind, collection: collection.id }, 'task queued')
    this.#changes.notify(tasksKey(collection.id))
    return question
  }

  /** @throws UpstreamError UNKNOWN_QUESTION. */
  get(uuid: string): Question {
    const question = this.#options.store.findQuestion(uuid)
    if (question === undefined) throw new UpstreamError('UNKNOWN_QUESTION')
    const current = expireIfOverdue(question, this.#options.now())
    if (current !== question) this.#recordTimeout(current)
    return current
  }

  /** The newest questions first. */
  list(limit: number): readonly Question[] {
    return this.#options.store.listQuestions(limit)
  }

  /**
   * Ends an open question. A collection that has the task may still send a result, which is discarded.
   * @throws UpstreamError UNKNOWN_QUESTION, ALREADY_SETTLED.
   */
  cancel(uuid: string): Question {
    const { store, now, log } = this.#options
    const question = this.get(uuid)
    const cancelled = cancel(question, now())
    if (cancelled === question) throw new UpstreamError('ALREADY_SETTLED')
    store.saveQuestion(cancelled)
    log.info({ taskId: uuid, collection: question.collectionId }, 'task cancelled')
    this.#changes.notify(questionKey(uuid))
    return cancelled
  }

  /** The question once it is settled, or in its current state when the wait ends. */
  async waitUntilSettled(uuid: string, { waitMs, signal }: WaitLimit): Promise<Question> {
    const until = performance.now() + waitMs
    for (;;) {
      const question = this.get(uuid)
      const left = until - performance.now()
      if (isSettled(question) || left <= 0 || signal.aborted) return question
      const pauseMs = Math.min(left, RECHECK_MS)
      if (!(await this.#changes.wait(questionKey(uuid), pauseMs, signal))) return question
    }
  }

  /** Leases the oldest task of these kinds. Waits for one if there is none; null if none arrives. */
  async handOutNext(
    collection: Collection,
    kinds: readonly Task['kind'][],
    poll: { readonly worker: string; readonly requestId: string },
    { waitMs, signal }: WaitLimit,
  ): Promise<JsonObject | null> {
    const until = performance.now() + waitMs
    for (;;) {
      // The client has disconnected: it would not receive the task.
      if (signal.aborted) return null
      const task = this.#lease(collection, kinds, poll)
      const left = until - performance.now()
      if (task !== null || left <= 0) return task
      const pauseMs = Math.min(left, RECHECK_MS)
      if (!(await this.#changes.wait(tasksKey(collection.id), pauseMs, signal))) return null
    }
  }

  #lease(
    collection: Collection,
    kinds: readonly Task['kind'][],
    { worker, requestId }: { readonly worker: string; readonly requestId: string },
  ): JsonObject | null {
    const { store, behaviour, now, log } = this.#options
    // Most polls find nothing. This check needs no lock.
    if (store.findAvailable(collection.id, kinds, now()) === undefined) return null
    const question = store.transaction(() => {
      const available = store.findAvailable(collection.id, kinds, now())
      if (available === undefined) return undefined
      const leased = handOut(available, worker, now(), this.#redelivery)
      store.saveQuestion(leased)
      return leased
    })
    if (question === undefined) return null
    const { uuid, attempts } = question
    const fields = { taskId: uuid, collection: collection.id, attempt: attempts }
    log.info({ ...fields, workerId: worker, requestId }, 'task leased')
    return outgoingTask(question, behaviour, randomUUID())
  }

  /**
   * Whether a result of the collection would be accepted, before it is read.
   * @throws UpstreamError UNKNOWN_TASK, and ALREADY_ANSWERED with the older behaviour.
   */
  requireOpen(uuid: string, collection: Collection): Question {
    const { store, behaviour } = this.#options
    const question = store.findQuestion(uuid)
    if (question?.collectionId !== collection.id) throw new UpstreamError('UNKNOWN_TASK')
    if (behaviour === 'older' && hasResult(question)) throw new UpstreamError('ALREADY_ANSWERED')
    return question
  }

  /**
   * Stores a result as received (JSON).
   * @throws UpstreamError BAD_RESULT, and those of `requireOpen`.
   */
  receive(uuid: string, collection: Collection, json: Buffer, requestId: string): void {
    const { store, behaviour, now, log } = this.#options
    const reading = readResult(json)
    const isFirst = store.transaction(() => {
      const question = this.requireOpen(uuid, collection)
      if ('error' in reading) {
        if (behaviour === 'current') store.saveQuestion(failUnreadable(question, now()))
        return false
      }
      const after = applyResult(question, reading.result, now())
      if (after === question) return false
      store.saveQuestion(after)
      store.saveResult(uuid, json)
      return !hasResult(question)
    })
    this.#changes.notify(questionKey(uuid))
    const fields = { taskId: uuid, collection: collection.id, requestId }
    if ('error' in reading) {
      if (this.#mayLog(collection, 'result rejected')) {
        log.warn({ ...fields, problems: reading.error.problems.slice(0, 5) }, 'result rejected')
      }
      throw new UpstreamError('BAD_RESULT', { problems: reading.error.problems })
    }
    const { status, queryResult } = reading.result
    if (isFirst || this.#mayLog(collection, 'result received')) {
      log.info({ ...fields, status, count: queryResult.count }, 'result received')
    }
  }

  /** A collection can repeat such results at will. */
  #mayLog({ id }: Collection, event: 'result received' | 'result rejected'): boolean {
    return this.#options.budget.allows({ party: `collection ${id}`, about: event, kind: event })
  }

  /** The result of a question, if there is one. */
  resultOf(uuid: string): TaskResult | null {
    const json = this.#options.store.findResult(uuid)
    return json === null ? null : parseResult(JSON.parse(json))
  }

  /** Times overdue questions out and deletes old ones. */
  sweep(): void {
    const { store, now, retentionMs } = this.#options
    for (const question of store.listOverdue(now()))
      this.#recordTimeout(expireIfOverdue(question, now()))
    store.deleteSettledBefore(now() - retentionMs)
  }

  #recordTimeout(question: Question): void {
    const { uuid, kind, collectionId, attempts } = question
    this.#options.store.saveQuestion(question)
    const fields = { taskId: uuid, kind, collection: collectionId, attempts }
    this.#options.log.warn(fields, 'task timed out')
    this.#changes.notify(questionKey(uuid))
  }
}

const tasksKey = (collectionId: string) => `tasks ${collectionId}`
const questionKey = (uuid: string) => `question ${uuid}`

function readTask(json: unknown): Task {
  try {
    const given = isJsonObject(json) ? json['uuid'] : undefined
    const named = given !== undefined && given !== null && given !== ''
    return parseTask(isJsonObject(json) && !named ? { ...json, uuid: newUuid() } : json)
  } catch (error: unknown) {
    if (!(error instanceof TaskFormatError)) throw error
    // A relay passes on members that it does not know. Whether a node understands them, it says itself.
    if (error.understood !== undefined) return error.understood
    throw new UpstreamError('BAD_TASK', { problems: error.problems, cause: error })
  }
}

function readResult(json: Buffer) {
  try {
    return { result: parseResult(parseOutline(json)) }
  } catch (error: unknown) {
    if (error instanceof ResultFormatError) return { error }
    throw error
  }
}

function parseOutline(json: Buffer): unknown {
  try {
    return parseJsonOutline(json)
  } catch {
    // The parser's message quotes the result, which must not reach a response or a log.
    throw new UpstreamError('BAD_REQUEST', { detail: 'The body is not JSON' })
  }
}
