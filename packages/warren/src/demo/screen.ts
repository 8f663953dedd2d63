import {
  columnsOf,
  displayWidth,
  LiveLine,
  longestWord,
  styles,
  wrapCommand,
  wrapWords,
  type OutputStream,
  type Styles,
} from '@warren/runtime'

import type { HospitalOutcome, QuestionOutcome } from './outcome.ts'
import type { QuestionProgress } from './question-progress.ts'
import { fileOf, type Question } from './questions.ts'
import { stageLine, stageLines } from './stage-line.ts'

/** Longer lines are hard to read, however wide the terminal is. */
const MAX_COLUMNS = 100
const INDENT = '   '
const NAME_WIDTH = 12
const COUNT_WIDTH = 11
const number = new Intl.NumberFormat('en-GB')

/** The demo's output: one block per question, with a line that is redrawn while the question is under way. */
export class DemoScreen {
  readonly #out: OutputStream
  readonly #env: NodeJS.ProcessEnv
  readonly #paint: Styles
  readonly #live: LiveLine

  constructor(out: OutputStream, env: NodeJS.ProcessEnv) {
    this.#out = out
    this.#env = env
    this.#paint = styles(out, env)
    this.#live = new LiveLine(out, env)
  }

  line(text = ''): void {
    this.#live.clear()
    this.#out.write(`${text}\n`)
  }

  title(text: string): void {
    for (const line of wrapWords(text, this.#width)) this.line(this.#paint.bold(line))
  }

  paragraph(text: string): void {
    for (const line of wrapWords(text, this.#width, { first: INDENT, rest: INDENT })) {
      this.line(this.#paint.dim(line))
    }
  }

  /** A label and its value. */
  fact(label: string, text: string): void {
    const first = `${INDENT}${this.#paint.dim(label.padEnd(NAME_WIDTH))}`
    this.#wrapped(text, first)
  }

  /** A command to copy, and what it is for. */
  command(purpose: string, command: string): void {
    this.paragraph(purpose)
    for (const line of wrapCommand(command, this.#width, `${INDENT}  `)) this.line(line)
  }

  /** Shows on a terminal what the start is doing. */
  step(text: string): void {
    this.#live.draw(`${INDENT}${this.#paint.dim(`${text} …`)}`)
  }

  /** Removes the line that is redrawn. */
  clear(): void {
    this.#live.clear()
  }

  question(index: number, question: Question): void {
    const { bold, cyan } = this.#paint
    this.line()
    this.line(`${cyan(String(index))}  ${bold(question.name)}`)
    this.paragraph(question.words)
  }

  progress(progress: QuestionProgress): void {
    const width = Math.min(this.#live.width, this.#width) - INDENT.length
    this.#live.draw(INDENT + stageLine(progress, this.#paint, width))
  }

  outcome(question: Question, progress: QuestionProgress, outcome: QuestionOutcome): void {
    const { bold, dim, green, red } = this.#paint
    const end = dim(`${number.format(outcome.ms)} ms`)
    const width = this.#width - INDENT.length
    for (const line of stageLines(progress, this.#paint, { width, end })) this.line(INDENT + line)

    const isFile = fileOf(question) !== undefined
    const unit = isFile ? ' rows' : ''
    for (const hospital of outcome.hospitals) {
      this.#row(hospital.node, ...this.#hospital(hospital, isFile))
    }
    const { combined } = outcome
    const hasResult = combined.status !== 'error'
    const count = hasResult ? `${number.format(combined.count)}${unit}` : 'no result'
    const paint = hasResult ? green : red
    const truth = truthText(combined.count, outcome.trueCount, isFile)
    const message = combined.message === null ? '' : `; ${combined.message}`
    this.#row(bold('combined'), bold(paint(padCount(count))), truth + message)
    for (const text of outcome.excerpt) this.#row('', '', text)
  }

  /** A hospital's count, padded and styled, and the text next to it. */
  #hospital(
    { status, count, trueCount, reason }: HospitalOutcome,
    isFile: boolean,
  ): [count: string, text: string] {
    const { red, yellow } = this.#paint
    const truth = trueCount === undefined ? '' : truthText(count, trueCount, isFile)
    if (status === 'missing') return [red(padCount('no response')), '']
    if (status === 'error') return [red(padCount('failed')), reason ?? '']
    if (count === 0 && trueCount !== undefined && trueCount > 0) {
      return [yellow(padCount('suppressed')), truth]
    }
    return [padCount(`${number.format(count)}${isFile ? ' rows' : ''}`), truth]
  }

  #row(name: string, count: string, text: string): void {
    const first = `${INDENT}${padEnd(name, NAME_WIDTH)}${padEnd(count, COUNT_WIDTH)}  `
    this.#wrapped(text, first)
  }

  /** Wraps `text` after `first`, with a hanging indent, or below `first` if a word of it would not fit. */
  #wrapped(text: string, first: string): void {
    const indent = displayWidth(first)
    if (text === '') {
      this.line(first.trimEnd())
      return
    }
    if (longestWord(text) > this.#width - indent) {
      this.line(first.trimEnd())
      const below = { first: `${INDENT}  `, rest: `${INDENT}  ` }
      for (const line of wrapWords(text, this.#width, below)) this.line(this.#paint.dim(line))
      return
    }
    for (const [index, line] of wrapWords(text, this.#width - indent).entries()) {
      this.line((index === 0 ? first : ' '.repeat(indent)) + this.#paint.dim(line))
    }
  }

  get #width(): number {
    return Math.min(columnsOf(this.#out, this.#env), MAX_COLUMNS)
  }
}

/** The true number of people; or of the rows of a file, of which some are left out on purpose. */
function truthText(count: number, trueCount: number, isFile: boolean): string {
  if (!isFile) return `true ${number.format(trueCount)}`
  const hidden = trueCount - count
  const why = hidden > 0 ? `; ${number.format(hidden)} left out: too few people` : ''
  return `of ${number.format(trueCount)}${why}`
}

function padCount(text: string): string {
  return ' '.repeat(Math.max(0, COUNT_WIDTH - displayWidth(text))) + text
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}
