import { columnsOf, displayWidth, styles, wrapWords, type CliIo } from '@warren/runtime'
import { seconds } from './data-checks.ts'
import type { Step, StepStatus } from './step.ts'
import { describeCounts, type Verdict } from './verdict.ts'

const SECTIONS: readonly (readonly [prefix: string, title: string])[] = [
  ['configuration', 'Configuration'],
  ['policy', 'Configuration'],
  ['relay', 'Relay'],
  ['database', 'Database'],
  ['poll', 'Task'],
  ['state', 'State'],
  ['health', 'Health'],
]

const MARKS: Readonly<Record<StepStatus, string>> = {
  ok: '✔',
  warning: '!',
  failed: '✖',
  skipped: '–',
}

/** In a pipe, and for readers who cannot tell the marks apart. */
const WORDS: Readonly<Record<StepStatus, string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'failed',
  skipped: 'skipped',
}
const WORD_WIDTH = 9
/** Wide enough for every duration, to the right of the text. */
const DURATION_WIDTH = 8

/** Writes the steps as they finish, in sections, fitted to the terminal. */
export class CheckScreen {
  readonly #io: CliIo
  readonly #columns: number
  readonly #marks: boolean
  #section = ''

  constructor(io: CliIo) {
    this.#io = io
    this.#marks = io.stdout.isTTY === true
    // In a pipe there is one line per step, for grep.
    this.#columns = this.#marks ? columnsOf(io.stdout, io.env) : Number.POSITIVE_INFINITY
  }

  step(step: Step): void {
    const section = sectionOf(step)
    if (section !== this.#section) {
      const { bold } = styles(this.#io.stdout, this.#io.env)
      this.#write(`${this.#section === '' ? '' : '\n'}${bold(section)}`)
      this.#section = section
    }
    for (const line of this.#stepLines(step)) this.#write(line)
  }

  end(verdict: Verdict, durationMs: number): void {
    const { green, red, yellow, bold } = styles(this.#io.stdout, this.#io.env)
    const { ok, counts } = verdict
    const summary = `${describeCounts(verdict)}, in ${seconds(durationMs)}`
    const sentence = !ok
      ? red('The bunny cannot answer tasks: fix what failed, the first one first.')
      : counts.warning > 0
        ? yellow('The bunny can answer tasks. Read the warnings.')
        : green('The bunny can answer tasks.')
    this.#write('')
    for (const line of wrapWords(`${summary}.`, this.#columns)) this.#write(bold(line))
    for (const line of wrapWords(sentence, this.#columns)) this.#write(line)
  }

  #stepLines({ status, title, detail, advice, durationMs }: Step): string[] {
    const { green, yellow, red, gray, dim } = styles(this.#io.stdout, this.#io.env)
    const paint = { ok: green, warning: yellow, failed: red, skipped: gray }[status]
    const mark = this.#marks ? `${paint(MARKS[status])} ` : WORDS[status].padEnd(WORD_WIDTH)
    const indent = ' '.repeat(2 + (this.#marks ? 2 : WORD_WIDTH))
    const duration = status === 'skipped' ? '' : seconds(durationMs)
    const width = this.#columns - DURATION_WIDTH - 1
    const lines = wrapWords(`${title}: ${detail}`, width, { first: `  ${mark}`, rest: indent })
    const [first = '', ...rest] = lines
    const head = duration === '' ? first : `${first}${this.#gap(first, duration)}${dim(duration)}`
    return [head, ...rest, ...advice.flatMap((one) => this.#adviceLines(one, indent))]
  }

  #gap(text: string, duration: string): string {
    if (!this.#marks) return '  '
    return ' '.repeat(Math.max(1, this.#columns - displayWidth(text) - displayWidth(duration)))
  }

  /** A statement to paste stays on one line. */
  #adviceLines(advice: string, indent: string): string[] {
    const { cyan } = styles(this.#io.stdout, this.#io.env)
    if (/^(?:GRANT|CREATE|REVOKE|SELECT) .*;$/.test(advice)) return [`${indent}${cyan(advice)}`]
    const first = `${indent}→ `
    return wrapWords(advice, this.#columns, { first, rest: `${indent}  ` }).map((line) =>
      cyan(line),
    )
  }

  #write(line: string): void {
    this.#io.stdout.write(`${line}\n`)
  }
}

function sectionOf({ id, link }: Step): string {
  const found = SECTIONS.find(([prefix]) => id === prefix || id.startsWith(`${prefix}.`))
  const title = found?.[1] ?? ''
  return link === undefined ? title : `${title}: ${link}`
}
