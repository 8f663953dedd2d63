import type { RuleMessage } from '@warren/task-api'
import type { ProblemList } from './problem-list.ts'

/** Adds problems of the members of one rule, with their paths. */
export class RuleProblems {
  readonly #path: string
  readonly #problems: ProblemList

  constructor(path: string, problems: ProblemList) {
    this.#path = path
    this.#problems = problems
  }

  /** Returns `undefined`, so that a caller can return the call in place of a value. */
  add(member: keyof RuleMessage, message: string): undefined {
    this.#problems.add(`${this.#path}.${member}`, message)
    return undefined
  }
}
