import { type CohortOptions, parseCohort } from '@warren/cohort'
import {
  errorResult,
  parseTask,
  TaskFormatError,
  type Task,
  type EncodedResult,
} from '@warren/task-api'
import { solveAvailability } from './availability.ts'
import { solveDistribution } from './distribution.ts'
import type { SolveContext } from './solve-context.ts'
import { Unanswerable, type UnanswerableCause } from './unanswerable.ts'

export interface Solution {
  readonly result: EncodedResult
  /** Why the result is an error. Absent if it is not. */
  readonly failure?: {
    readonly kind: UnanswerableCause
    /** Also in the result: safe to leave the site. */
    readonly reason: string
    /** For the local log only. */
    readonly cause: unknown
  }
}

/**
 * Solves a task in its wire format and returns the result to submit. A task that cannot be answered gets a result with
 * `status: "error"` and the reason, and never a wrong count. Rejects only if `stop` is aborted, with its reason.
 */
export async function solveTask(json: unknown, context: SolveContext): Promise<Solution> {
  let address = { uuid: '', collection: '' }
  try {
    const task = readTask(json, context)
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
        : new Unanswerable('internal', 'The bunny failed to solve the task.', { cause: error })
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

/** A malformed task, with its uuid and collection if they could be read. */
class MalformedTask extends Unanswerable {
  readonly uuid: string
  readonly collection: string

  constructor(error: TaskFormatError) {
    super('invalid', error.message)
    this.uuid = error.uuid ?? ''
    this.collection = error.collection ?? ''
  }
}

function readTask(json: unknown, { omop }: SolveContext): Task {
  try {
    return parseTask(json)
  } catch (error: unknown) {
    if (error instanceof TaskFormatError) throw new MalformedTask(withCohortProblems(error, omop))
    throw error
  }
}

/** The researcher learns of all problems at once: members that are not understood, and rules. */
function withCohortProblems(error: TaskFormatError, options: CohortOptions): TaskFormatError {
  const { understood, problems, uuid = '', collection = '' } = error
  if (understood?.kind !== 'availability') return error
  const cohort = parseCohort(understood.cohort, options)
  return cohort.ok
    ? error
    : new TaskFormatError([...problems, ...cohort.problems], { uuid, collection })
}

/** A task without a collection is for this site, because the relay handed it out here. */
const addressOf = (
  task: { uuid: string; collection: string },
  context: SolveContext,
): { uuid: string; collection: string } => ({
  uuid: task.uuid,
  collection: task.collection === '' ? (context.collectionId ?? '') : task.collection,
})
