import { describeProblems, type FormatProblem } from './format-error.ts'
import type { Task } from './task.ts'

/**
 * An invalid task. `uuid` and `collection` are set if the message contains them, so that a bunny can
 * submit an error result instead of letting the task time out.
 */
export class TaskFormatError extends Error {
  readonly problems: readonly FormatProblem[]
  readonly uuid?: string
  readonly collection?: string
  /** What is left of the task without the members that are not understood, if nothing else is wrong with it. */
  understood?: Task

  constructor(problems: readonly FormatProblem[], address: { uuid?: string; collection?: string }) {
    super(describeProblems('not a valid task', problems))
    this.name = 'TaskFormatError'
    this.problems = problems
    if (address.uuid !== undefined) this.uuid = address.uuid
    if (address.collection !== undefined) this.collection = address.collection
  }
}
