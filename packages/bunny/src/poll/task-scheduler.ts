import { SourceError } from '@warren/database'
import type { Logger } from '@warren/runtime'
import { errorResult, parseTaskEnvelope, TaskFormatError, type TaskResult } from '@warren/task-api'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { startDeadline, type Deadline } from '../solve/run-query.ts'
import type { Solution } from '../solve/solve-task.ts'
import { HandledTasks } from './handled-tasks.ts'
import { TaskQueue } from './task-queue.ts'
import type { Acceptance } from './poller.ts'

type TaskKind = 'availability' | 'distribution'

export interface TaskSchedulerOptions {
  readonly solve: (
    body: unknown,
    limits: { deadline: Deadline; stop: AbortSignal },
  ) => Promise<Solution>
  readonly outbox: Outbox
  /** The configured one. A task that names another collection is answered for that one. */
  readonly collectionId: string
  readonly timeoutMs: Readonly<Record<TaskKind, number>>
  /** Availability tasks solved at the same time. Distributions are solved one at a time. */
  readonly concurrency: number
  /** Tasks of one kind that may wait. */
  readonly backlog: number
  readonly clock: Clock
  readonly log: Logger
}

interface ReceivedTask {
  readonly uuid: string
  readonly kind: TaskKind
  readonly key: string
  readonly body: unknown
}

/** How often capacity is checked while there is none. */
const CAPACITY_CHECK_MS = 100

/**
 * Accepts tasks from the poller, has them solved and puts the results into the outbox. A task that is handed out twice
 * is solved once.
 */
export class TaskScheduler {
  readonly #options: TaskSchedulerOptions
  readonly #queues: Readonly<Record<TaskKind, TaskQueue>>
  readonly #handled: HandledTasks
  readonly #stop = new AbortController()

  constructor(options: TaskSchedulerOptions) {
    this.#options = options
    this.#queues = {
      availability: new TaskQueue({ running: options.concurrency, waiting: options.backlog }),
      distribution: new TaskQueue({ running: 1, waiting: options.backlog }),
    }
    this.#handled = new HandledTasks({ now: () => options.clock.now() })
  }

  /**
   * Resolves when one more task can be accepted. The kind of the next task is unknown, so both queues need capacity, and
   * so does the outbox.
   */
  async waitForCapacity(signal: AbortSignal): Promise<void> {
    const { availability, distribution } = this.#queues
    const { outbox, clock } = this.#options
    while (!signal.aborted) {
      if (availability.hasCapacity && distribution.hasCapacity && !outbox.isFull) return
      await clock.sleep(CAPACITY_CHECK_MS, signal)
    }
  }

  /** Accepts the body of a poll. Returns before the task is solved. */
  async accept(body: unknown, requestId: string): Promise<Acceptance> {
    const { log, collectionId } = this.#options
    let envelope: ReturnType<typeof parseTaskEnvelope>
    try {
      envelope = parseTaskEnvelope(body)
    } catch (error: unknown) {
      if (error instanceof TaskFormatError) return this.#reject(error, requestId)
      // A defect that one task triggers must not stop polling for all others.
      log.error({ requestId, err: error }, BunnyEvent.taskNotAnswerable)
      return 'unreadable'
    }
    const { uuid, kind } = envelope
    const collection = envelope.collection === '' ? collectionId : envelope.collection
    const key = taskKey(uuid, collection)
    const known = this.#handled.find(key)
    if (known === 'in-progress' || this.#options.outbox.has(key)) {
      log.info({ taskId: uuid, kind, requestId, result: 'pending' }, BunnyEvent.taskRepeated)
      return 'repeated'
    }
    if (known !== undefined && known !== 'failed') {
      log.info(
        { taskId: uuid, kind, requestId, result: 'submitted again' },
        BunnyEvent.taskRepeated,
      )
      await this.#options.outbox.put(key, known)
      return 'repeated'
    }
    log.info({ taskId: uuid, kind, requestId }, BunnyEvent.taskReceived)
    if (collection !== collectionId) {
      log.warn({ taskId: uuid, collection, configured: collectionId }, BunnyEvent.otherCollection)
    }
    this.#start({ uuid, kind, key, body })
    return known === 'failed' ? 'repeated' : 'new'
  }

  /** Solves a distribution for the cache, after the tasks that are already waiting. Rejects if the scheduler closes first. */
  enqueueDistribution(body: unknown): Promise<Solution> {
    const { solve, timeoutMs } = this.#options
    return new Promise((resolve, reject) => {
      this.#queues.distribution.add(async () => {
        const deadline = startDeadline(timeoutMs.distribution)
        await solve(body, { deadline, stop: this.#stop.signal }).then(resolve, reject)
      })
    })
  }

  /** Waits up to `withinMs` for running and waiting tasks. Then it stops the rest, in the database too. */
  async close(withinMs: number): Promise<void> {
    const { availability, distribution } = this.#queues
    const timer = setTimeout(() => this.#stop.abort(), withinMs)
    await Promise.all([availability.idle(), distribution.idle()])
    clearTimeout(timer)
  }

  #start(task: ReceivedTask): void {
    const deadline = startDeadline(this.#options.timeoutMs[task.kind])
    this.#handled.begin(task.key)
    this.#queues[task.kind].add(() => this.#solve(task, deadline))
  }

  async #solve(task: ReceivedTask, deadline: Deadline): Promise<void> {
    const { solve, outbox, clock, log } = this.#options
    const { uuid: taskId, kind, key } = task
    const startedAt = clock.now()
    let result: TaskResult | undefined
    try {
      const { result: solved, failure } = await solve(task.body, {
        deadline,
        stop: this.#stop.signal,
      })
      if (failure !== undefined) {
        const { reason, kind: cause, cause: error } = failure
        log.warn(
          { taskId, kind, reason, cause, ...failureFields(error) },
          BunnyEvent.taskNotAnswerable,
        )
      }
      const { status } = solved
      const { count } = solved.queryResult
      log.info(
        { taskId, kind, status, count, durationMs: clock.now() - startedAt },
        BunnyEvent.taskSolved,
      )
      await outbox.put(key, solved)
      result = solved
    } catch (error: unknown) {
      // Only a stop leads here. The relay's lease expires without a result, and the task is handed out again.
      log.warn({ taskId, kind, err: error }, BunnyEvent.taskDiscarded)
    } finally {
      this.#handled.end(key, result)
    }
  }

  /** Answers a malformed task with an error, if it has a uuid. */
  async #reject(error: TaskFormatError, requestId: string): Promise<Acceptance> {
    const { log, outbox, collectionId } = this.#options
    const { uuid, collection = collectionId, message: reason } = error
    log.warn(
      { ...(uuid === undefined ? {} : { taskId: uuid }), requestId, reason, cause: 'invalid' },
      BunnyEvent.taskNotAnswerable,
    )
    if (uuid === undefined) return 'unreadable'
    const key = taskKey(uuid, collection)
    const repeated = this.#handled.find(key) !== undefined
    const result = errorResult({ uuid, collection }, reason)
    await outbox.put(key, result)
    this.#handled.end(key, result)
    return repeated ? 'repeated' : 'new'
  }
}

/** A driver's message can quote data, so only the message of the `SourceError` is logged. */
function failureFields(error: unknown): Record<string, unknown> {
  if (error instanceof SourceError) return { code: error.code, detail: error.message }
  return error === undefined ? {} : { err: error }
}

const taskKey = (uuid: string, collection: string): string => JSON.stringify([uuid, collection])
