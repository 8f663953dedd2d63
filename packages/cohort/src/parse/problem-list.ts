export interface CohortProblem {
  /** The place in the task, for example `cohort.groups[0].rules[1].value`. */
  readonly path: string
  /** The problem and what to write instead, for the researcher. */
  readonly message: string
}

/** More than a person reads, and a bound on the memory a hostile task can use. */
const MAX_PROBLEMS = 100

/** Collects the problems of a cohort, and counts those beyond the limit. */
export class ProblemList {
  readonly #problems: CohortProblem[] = []
  #unlisted = 0

  add(path: string, message: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ path, message })
    else this.#unlisted += 1
  }

  get isEmpty(): boolean {
    return this.#problems.length === 0
  }

  list(): readonly CohortProblem[] {
    if (this.#unlisted === 0) return this.#problems
    const noun = this.#unlisted === 1 ? 'problem' : 'problems'
    return [...this.#problems, { path: 'cohort', message: `${this.#unlisted} more ${noun}` }]
  }
}

/** Quotes and shortens text of the sender for a message. */
export function quoted(text: string): string {
  const limit = 40
  return JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text)
}
