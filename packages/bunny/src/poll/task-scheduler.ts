import { SourceError } from '@warren/database'
import type { Logger } from '@warren/runtime'
import {
  errorResult,
  parseTaskEnvelope,
  TaskFormatError,
  type EncodedResult,
} from '@warren/task-api'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { TaskKeeper } from '../outbox/task-keeper.ts'
import type { ReceivedTask, TaskKind } from '../outbox/task-store.ts'
import type { Admission, TaskGate } from '../gate/task-gate.ts'
import { startDeadline, type Deadline } from '../solve/run-query.ts'
import type { Solution } from '../solve/solve-task.ts'
import type { Acceptance } from './poller.ts'
import { taskKey } from './task-key.ts'
import { TaskLanes, type LaneCounts } from './task-lanes.ts'
import type { RunSlots } from './task-queue.ts'

export interface TaskSchedulerOptions {
  readonly solve: (
    body: unknown,
    limits: { deadline: Deadline; stop: AbortSignal; denied: ReadonlySet<number> },
  ) => Promise<Solution>
  readonly tasks: TaskKeeper
  /** Decides on each task before it is solved, and records what leaves before it does. */
  readonly gate: TaskGate
  readonly outbox: Pick<Outbox, 'put' | 'has' | 'isFull'>
  /** The configured one. A task for another collection is rejected. */
  readonly collectionId: string
  readonly timeoutMs: Readonly<Record<TaskKind, number>>
  /** The kinds that are polled for. */
  readonly kinds: readonly TaskKind[]
  /** How many tasks of each kind are solved at the same time. Several bunnies in one process share them. */
  readonly slots: Readonly<Record<TaskKind, RunSlots>>
  /** Tasks of one kind that may wait. */
  readonly backlog: number
  readonly clock: Clock
  readonly log: Logger
}

/** A task that ends the process each time, for example by its memory, must not do so indefinitely. */
const MAX_CRASHES = 10

/**
 * Accepts tasks from the poller, keeps them, has them solved and puts the results into the outbox. A task that is handed
 * out again with the same question gets the same result.
 */
export class TaskScheduler {
  readonly #options: TaskSchedulerOptions
  readonly #lanes: TaskLanes
  /** The keys of the tasks that wait or run. */
  readonly #inProgress = new Set<string>()
  readonly #stop = new AbortController()
  /** Work outside the lanes: tasks that wait for approval, and entries of the record. */
  readonly #background = new Set<Promise<void>>()
  readonly #stopHolding = new AbortController()
  /** How many tasks wait for approval. */
  #held = 0

  constructor(options: TaskSchedulerOptions) {
    this.#options = options
    this.#lanes = new TaskLanes(options)
  }

  /**
   * Waits until one more task can be accepted, and returns the kinds to poll for. `canSelect`: whether the relay can hand
   * out tasks of one kind only.
   */
  waitForCapacity(signal: AbortSignal, canSelect: boolean): Promise<readonly TaskKind[]> {
    const { outbox } = this.#options
    return this.#lanes.capacity(signal, { canSelect, isBlocked: () => outbox.isFull })
  }

  /** The tasks in hand. */
  get counts(): LaneCounts & { readonly held: number } {
    return { ...this.#lanes.counts, held: this.#held }
  }

  /** Continues the tasks that an earlier process received and did not solve. */
  restore(): void {
    const { tasks, timeoutMs, clock, log } = this.#options
    let restored = 0
    for (const { begun, ...task } of tasks.unsolved()) {
      const { key, uuid: taskId, kind, receivedAt } = task
      // If the clock was set back, the task does not get more time than a new one.
      const leftMs = Math.min(timeoutMs[kind], receivedAt + timeoutMs[kind] - clock.now())
      if (leftMs <= 0) {
        log.warn(
          { taskId, kind, reason: 'its deadline passed while the bunny was stopped' },
          BunnyEvent.taskDiscarded,
        )
        tasks.remove(key)
      } else if (begun >= MAX_CRASHES) this.#answerCrashing(task)
      else {
        restored += 1
        this.#start(task, leftMs)
      }
    }
    if (restored > 0) log.info({ tasks: restored }, BunnyEvent.tasksRestored)
  }

  /** Accepts the body of a poll. The task is on disk, if there is a folder, when this returns. */
  accept(body: unknown, requestId: string): Acceptance {
    const { log, collectionId, tasks, outbox, timeoutMs, clock } = this.#options
    let envelope: ReturnType<typeof parseTaskEnvelope>
    try {
      envelope = parseTaskEnvelope(body)
    } catch (error: unknown) {
      if (error instanceof TaskFormatError) return this.#reject(body, error, requestId)
      // A defect that one task triggers must not stop polling for all others.
      log.error({ requestId, err: error }, BunnyEvent.taskNotAnswerable)
      return { outcome: 'unreadable' }
    }
    const { uuid, kind } = envelope
    const collection = envelope.collection === '' ? collectionId : envelope.collection
    if (collection !== collectionId) return this.#rejectCollection(uuid, kind, requestId)
    const key = taskKey(uuid, collection, body)
    if (this.#inProgress.has(key) || outbox.has(key)) {
      log.info({ taskId: uuid, kind, requestId, result: 'pending' }, BunnyEvent.taskRepeated)
      return { outcome: 'repeated', kind }
    }
    const known = tasks.find(key)
    if (typeof known === 'object') {
      log.info(
        { taskId: uuid, kind, requestId, result: 'submitted again' },
        BunnyEvent.taskRepeated,
      )
      this.#putRecorded('answered again', { key, body, result: known })
      return { outcome: 'repeated', kind }
    }
    log.info({ taskId: uuid, kind, requestId }, BunnyEvent.taskReceived)
    const task = { key, uuid, kind, receivedAt: clock.now(), body }
    tasks.received(task)
    this.#start(task, timeoutMs[kind])
    return { outcome: known === 'failed' ? 'repeated' : 'new', kind }
  }

  /** Solves a distribution for the cache, after the tasks that are already waiting. Rejects if the scheduler closes first. */
  enqueueDistribution(body: unknown): Promise<Solution> {
    const { solve, gate, timeoutMs } = this.#options
    return new Promise((resolve, reject) => {
      this.#lanes.add('distribution', async () => {
        const deadline = startDeadline(timeoutMs.distribution)
        const stop = this.#stop.signal
        await gate
          .denied()
          .then((denied) => solve(body, { deadline, stop, denied }))
          .then(resolve, reject)
      })
    })
  }

  /**
   * Waits up to `withinMs` for running and waiting tasks. Then it stops the rest, in the database too. With a folder, the
   * next start continues them.
   */
  async close(withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), withinMs)
    this.#stopHolding.abort()
    await this.#lanes.idle()
    while (this.#background.size > 0) {
      await Promise.all(this.#background)
      await this.#lanes.idle()
    }
    clearTimeout(timer)
  }

  #start(task: ReceivedTask, withinMs: number): void {
    const { kind, key, body } = task
    const deadline = startDeadline(withinMs)
    this.#inProgress.add(key)
    const held = Promise.withResolvers<true>()
    const admission = this.#options.gate.admit(body, {
      deadline,
      stop: this.#stopHolding.signal,
      onHeld: () => held.resolve(true),
    })
    const decided = admission.then(
      () => false,
      // `#solve` gets the same rejection.
      () => false,
    )
    this.#lanes.add(kind, async () => {
      const isHeld = await Promise.race([decided, held.promise])
      if (!isHeld) return await this.#solve(task, deadline, admission)
      // A task that waits for approval does so outside its lane, so that it does not block others.
      this.#inBackground(this.#resume(task, deadline, { admission, decided }))
    })
  }

  async #resume(
    task: ReceivedTask,
    deadline: Deadline,
    { admission, decided }: { admission: Promise<Admission>; decided: Promise<unknown> },
  ): Promise<void> {
    this.#held += 1
    await decided
    this.#held -= 1
    this.#lanes.add(task.kind, () => this.#solve(task, deadline, admission))
  }

  #inBackground(work: Promise<void>): void {
    this.#background.add(work)
    void work.finally(() => this.#background.delete(work))
  }

  /** Puts a result into the outbox once the record has an entry. Without an entry it may have to stay. */
  #putRecorded(
    event: 'answered again' | 'not answerable',
    { key, body, result }: { key: string; body: unknown; result: EncodedResult },
  ): void {
    this.#inProgress.add(key)
    const record = async (): Promise<void> => {
      const { gate, outbox } = this.#options
      try {
        const mayLeave = await gate.recordResult(event, body, result)
        if (mayLeave) outbox.put(key, result, { again: event === 'answered again' })
      } finally {
        this.#inProgress.delete(key)
      }
    }
    this.#inBackground(record())
  }

  async #solve(
    task: ReceivedTask,
    deadline: Deadline,
    admission: Promise<Admission>,
  ): Promise<void> {
    const { solve, gate, tasks, outbox, clock, log } = this.#options
    const { uuid: taskId, kind, key } = task
    const startedAt = clock.now()
    try {
      this.#stop.signal.throwIfAborted()
      const admitted = await admission
      tasks.begun(key)
      const limits = { deadline, stop: this.#stop.signal }
      const { result, failure } = await gate.answer(admitted, (denied) =>
        solve(task.body, { ...limits, denied }),
      )
      if (failure !== undefined) {
        const { reason, kind: cause, cause: error } = failure
        log.warn(
          { taskId, kind, reason, cause, ...failureFields(error) },
          BunnyEvent.taskNotAnswerable,
        )
      }
      const { status } = result
      const { count } = result.queryResult
      log.info(
        { taskId, kind, status, count, durationMs: clock.now() - startedAt },
        BunnyEvent.taskSolved,
      )
      outbox.put(key, result)
    } catch (error: unknown) {
      // Only a stop leads here.
      if (tasks.survivesCrash) {
        tasks.released(key)
        log.info({ taskId, kind }, BunnyEvent.taskKept)
      } else {
        // The relay's lease expires without a result, and the task is handed out again.
        log.warn({ taskId, kind, err: error }, BunnyEvent.taskDiscarded)
      }
    } finally {
      this.#inProgress.delete(key)
    }
  }

  #answerCrashing({ uuid, kind, key, body }: ReceivedTask): void {
    const { log, collectionId } = this.#options
    const reason = `The bunny stopped ${String(MAX_CRASHES)} times while it solved this task.`
    log.error({ taskId: uuid, kind, reason, cause: 'internal' }, BunnyEvent.taskNotAnswerable)
    const result = errorResult({ uuid, collection: collectionId }, reason)
    this.#putRecorded('not answerable', { key, body, result })
  }

  /** The relay mixed up its nodes. An answer would count people of this site for another one. */
  #rejectCollection(taskId: string, kind: TaskKind, requestId: string): Acceptance {
    const advice =
      'the relay handed out a task of another node, which is not answered: inform its operator'
    this.#options.log.error({ taskId, kind, requestId, advice }, BunnyEvent.otherCollection)
    return { outcome: 'unreadable' }
  }

  /** Answers a malformed task with an error, if it has a uuid. */
  #reject(body: unknown, error: TaskFormatError, requestId: string): Acceptance {
    const { log, tasks, collectionId } = this.#options
    const { uuid, message: reason } = error
    const collection = error.collection ?? ''
    log.warn(
      { ...(uuid === undefined ? {} : { taskId: uuid }), requestId, reason, cause: 'invalid' },
      BunnyEvent.taskNotAnswerable,
    )
    if (uuid === undefined) return { outcome: 'unreadable' }
    if (collection !== '' && collection !== collectionId) {
      return this.#rejectCollection(uuid, 'availability', requestId)
    }
    // Not the body: it may be nested too deeply.
    const key = taskKey(uuid, collectionId, { malformed: reason })
    const known = tasks.find(key)
    const result = errorResult({ uuid, collection: collectionId }, reason)
    this.#putRecorded('not answerable', { key, body, result })
    return { outcome: known === undefined ? 'new' : 'repeated' }
  }
}

/** A driver's message can quote data, so only the message of the `SourceError` is logged. */
function failureFields(error: unknown): Record<string, unknown> {
  if (error instanceof SourceError) return { code: error.code, detail: error.message }
  return error === undefined ? {} : { err: error }
}
