import { ExitCode, ProgramError } from '@warren/runtime'

/** A problem in a file. `message` contains no value from a row. */
export interface LoadProblem {
  readonly file: string
  /** The first line with the problem, counted from 1, including the header. Absent for a problem of the whole file. */
  readonly line?: number
  readonly column?: string
  readonly message: string
  /** How many lines have it. */
  readonly count: number
}

/**
 * Keeps the first problems of a load and counts the others, so that the output fits on one screen. The same problem in
 * many lines of a file is one problem with a count.
 */
export class LoadProblems {
  readonly #keep: number
  readonly #kept: { problem: Omit<LoadProblem, 'count'>; count: number }[] = []
  readonly #markers = new Set<string>()
  #total = 0
  #fatal = 0

  constructor(keep = 20) {
    this.#keep = keep
  }

  get first(): readonly LoadProblem[] {
    return this.#kept.map(({ problem, count }) => ({ ...problem, count }))
  }

  /** Counts each line. */
  get total(): number {
    return this.#total
  }

  /** Problems that skipping lines does not fix, such as a missing column. */
  get fatal(): number {
    return this.#fatal
  }

  /** The markers of missing values that were found where a value was expected. */
  get markers(): ReadonlySet<string> {
    return this.#markers
  }

  add(problem: Omit<LoadProblem, 'count'>, { fatal = false } = {}): void {
    this.#total++
    if (fatal) this.#fatal++
    const { file, column, message } = problem
    const same = this.#kept.find(
      ({ problem: other }) =>
        other.file === file && other.column === column && other.message === message,
    )
    if (same !== undefined) same.count++
    else if (this.#kept.length < this.#keep) this.#kept.push({ problem, count: 1 })
    // Fatal problems are kept even if others came first.
    else if (fatal && this.#fatal <= this.#keep) {
      this.#kept[this.#keep - this.#fatal] = { problem, count: 1 }
    }
  }

  noteMarker(marker: string): void {
    this.#markers.add(marker)
  }
}

/** The files are invalid, and the target is unchanged. Exit code 65. */
export class LoadError extends ProgramError {
  override readonly name = 'LoadError'
  readonly problems: readonly LoadProblem[]
  readonly total: number

  constructor(problems: LoadProblems, options: { hint?: string } = {}) {
    const { first, total } = problems
    const lines = first.map((problem) => `  ${formatProblem(problem)}`)
    const more = total - first.reduce((sum, { count }) => sum + count, 0)
    if (more > 0) lines.push(`  … and ${more} more`)
    const what = total === 1 ? '1 problem' : `${total} problems`
    super(`nothing was loaded: ${what} in the files\n${lines.join('\n')}`, {
      exitCode: ExitCode.data,
      hint: options.hint,
    })
    this.problems = first
    this.total = total
  }
}

/** `PERSON.csv:17: year_of_birth: expected a whole number (and 3 more lines)` */
export function formatProblem({ file, line, column, message, count }: LoadProblem): string {
  const others = count === 2 ? ' (and 1 more line)' : ` (and ${count - 1} more lines)`
  return [line === undefined ? file : `${file}:${line}`, column, message]
    .filter((part) => part !== undefined)
    .join(': ')
    .concat(count > 1 ? others : '')
}
