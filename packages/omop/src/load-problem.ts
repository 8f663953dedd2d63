import { ExitCode, ProgramError } from '@warren/runtime'

/** A problem in a file. `message` contains no value from a row. */
export interface LoadProblem {
  readonly file: string
  /** Counted from 1, including the header. Absent for a problem of the whole file. */
  readonly line?: number
  readonly column?: string
  readonly message: string
}

/** Keeps the first problems of a load and counts the others, so that the output fits on one screen. */
export class LoadProblems {
  readonly first: LoadProblem[] = []
  readonly #keep: number
  #total = 0
  #fatal = 0

  constructor(keep = 20) {
    this.#keep = keep
  }

  get total(): number {
    return this.#total
  }

  /** Problems that skipping lines does not fix, such as a missing column. */
  get fatal(): number {
    return this.#fatal
  }

  add(problem: LoadProblem, { fatal = false } = {}): void {
    this.#total++
    if (fatal) this.#fatal++
    // Fatal problems are kept even if others came first.
    if (this.first.length < this.#keep) this.first.push(problem)
    else if (fatal && this.#fatal <= this.#keep) this.first[this.#keep - this.#fatal] = problem
  }
}

/** The files are invalid, and the target is unchanged. Exit code 65. */
export class LoadError extends ProgramError {
  override readonly name = 'LoadError'
  readonly problems: readonly LoadProblem[]
  readonly total: number

  constructor(problems: LoadProblems, options: { hint?: string } = {}) {
    const lines = problems.first.map((problem) => `  ${formatProblem(problem)}`)
    const more = problems.total - lines.length
    if (more > 0) lines.push(`  … and ${more} more`)
    const what = problems.total === 1 ? '1 problem' : `${problems.total} problems`
    super(`nothing was loaded: ${what} in the files\n${lines.join('\n')}`, {
      exitCode: ExitCode.data,
      hint: options.hint,
    })
    this.problems = problems.first
    this.total = problems.total
  }
}

/** `PERSON.csv:17: year_of_birth: expected a whole number` */
export function formatProblem({ file, line, column, message }: LoadProblem): string {
  return [line === undefined ? file : `${file}:${line}`, column, message]
    .filter((part) => part !== undefined)
    .join(': ')
}
