export interface CohortProblem {
  /** Where in the task, for example `cohort.groups[0].rules[1].value`. */
  readonly path: string
  /** What is wrong there and what to write in its place. */
  readonly message: string
}

/** More than anybody reads at once, and a bound on what a hostile task makes us keep. */
const MAX_PROBLEMS = 100

/** Collects what is wrong with a cohort; what lies beyond the bound is counted only. */
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
    return [...this.#problems, { path: 'cohort', message: `${this.#unlisted} more problems` }]
  }
}

/** Text of the sender's, made fit for a message. */
export function quoted(text: string): string {
  const limit = 40
  return JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text)
}
