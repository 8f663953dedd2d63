import type { RuleMessage } from '@warren/task-api'
import type { ProblemList } from './problem-list.ts'

/** Adds problems with the members of one rule. */
export class RuleProblems {
  readonly #path: string
  readonly #problems: ProblemList

  constructor(path: string, problems: ProblemList) {
    this.#path = path
    this.#problems = problems
  }

  /** Returns `undefined`, which the readers of members answer where there is nothing to answer. */
  add(member: keyof RuleMessage, message: string): undefined {
    this.#problems.add(`${this.#path}.${member}`, message)
    return undefined
  }
}
