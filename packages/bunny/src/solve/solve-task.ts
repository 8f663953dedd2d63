import {
  errorResult,
  parseTask,
  TaskFormatError,
  type Task,
  type TaskResult,
} from '@warren/task-api'
import { solveAvailability } from './availability.ts'
import { solveDistribution } from './distribution.ts'
import type { SolveContext } from './solve-context.ts'
import { Unanswerable, type UnanswerableCause } from './unanswerable.ts'

export interface Solution {
  readonly result: TaskResult
  /** Why the result is an error; absent when it is an answer. */
  readonly failure?: {
    readonly kind: UnanswerableCause
    /** What the result says too: safe to leave the hospital. */
    readonly reason: string
    /** For the local log only. */
    readonly cause: unknown
  }
}

/**
 * Turns a task as it came off the wire into the result to send back. A task that cannot be answered is answered too,
 * with `status: "error"` and the reason: never with a number that is not one. Rejects only when `stop` is aborted, with
 * its reason.
 */
export async function solveTask(json: unknown, context: SolveContext): Promise<Solution> {
  let address = { uuid: '', collection: '' }
  try {
    const task = readTask(json)
    address = addressOf(task, context)
    const answered = { ...task, ...address }
    const result =
      answered.kind === 'availability'
        ? await solveAvailability(answered, context)
        : await solveDistribution(answered, context)
    return { result }
  } catch (error: unknown) {
    if (context.stop.aborted) throw error
    if (error instanceof MalformedTask) address = addressOf(error, context)
    const unanswerable =
      error instanceof Unanswerable
        ? error
        : new Unanswerable('internal', 'This client failed on the task.', { cause: error })
    return {
      result: errorResult(address, unanswerable.message),
      failure: {
        kind: unanswerable.kind,
        reason: unanswerable.message,
        cause: unanswerable.cause,
      },
    }
  }
}

/** Carries the address a malformed task could still be read for. */
class MalformedTask extends Unanswerable {
  readonly uuid: string
  readonly collection: string

  constructor(error: TaskFormatError) {
    super('invalid', error.message)
    this.uuid = error.uuid ?? ''
    this.collection = error.collection ?? ''
  }
}

function readTask(json: unknown): Task {
  try {
    return parseTask(json)
  } catch (error: unknown) {
    if (error instanceof TaskFormatError) throw new MalformedTask(error)
    throw error
  }
}

/** A task that names no collection is ours, or it would not have come here. */
const addressOf = (
  task: { uuid: string; collection: string },
  context: SolveContext,
): { uuid: string; collection: string } => ({
  uuid: task.uuid,
  collection: task.collection === '' ? (context.collectionId ?? '') : task.collection,
})
