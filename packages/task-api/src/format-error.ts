/** One problem of a message and its place, for example `cohort.groups[0].rules[1].value`. */
export interface FormatProblem {
  readonly path: string
  readonly message: string
}

// A hostile or broken message can have a million problems.
export const MAX_PROBLEMS = 100
const MAX_PROBLEMS_IN_MESSAGE = 5

/** Collects problems up to a limit, and counts the rest. */
export class ProblemList {
  readonly #problems: FormatProblem[] = []
  #dropped = 0

  add(path: string, message: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ path, message })
    else this.#dropped++
  }

  get isEmpty(): boolean {
    return this.#problems.length === 0
  }

  toArray(): readonly FormatProblem[] {
    if (this.#dropped === 0) return this.#problems
    const noun = this.#dropped === 1 ? 'problem' : 'problems'
    return [...this.#problems, { path: '', message: `and ${this.#dropped} more ${noun}` }]
  }
}

/** The problems of a task. Members that are not understood are apart: the rest of the task can be read without them. */
export class TaskProblems extends ProblemList {
  readonly unknownMembers = new ProblemList()
}

/** `subject: path: message; path: message; and 2 more` */
export function describeProblems(subject: string, problems: readonly FormatProblem[]): string {
  const shown = problems
    .slice(0, MAX_PROBLEMS_IN_MESSAGE)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  const rest = problems.length - shown.length
  return `${subject}: ${shown.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`
}

/** An invalid result, or an invalid file inside one. */
export class ResultFormatError extends Error {
  readonly problems: readonly FormatProblem[]

  constructor(problems: readonly FormatProblem[], options?: ErrorOptions) {
    super(describeProblems('not a valid result', problems), options)
    this.name = 'ResultFormatError'
    this.problems = problems
  }
}

/** An ALTERNATIVES field with a number that is not a whole number of people. */
export class AlternativesFormatError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AlternativesFormatError'
  }
}
