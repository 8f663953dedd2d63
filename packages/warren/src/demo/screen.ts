import { displayWidth, styles, type OutputStream, type Styles } from '@warren/runtime'

import { STAGES, type QuestionProgress } from './journey.ts'
import type { HospitalOutcome, QuestionOutcome } from './outcome.ts'
import { fileOf, type Question } from './questions.ts'

const NAME_WIDTH = 12
const COUNT_WIDTH = 8
const number = new Intl.NumberFormat('en-GB')

/** The demo on a terminal: a block a question, its stage line rewritten in place while it travels. */
export class DemoScreen {
  readonly #out: OutputStream
  readonly #paint: Styles
  readonly #live: boolean
  #lastStages = ''

  constructor(out: OutputStream, env: NodeJS.ProcessEnv) {
    this.#out = out
    this.#paint = styles(out, env)
    this.#live = out.isTTY === true && env['TERM'] !== 'dumb'
  }

  line(text = ''): void {
    this.#out.write(`${text}\n`)
  }

  title(text: string): void {
    this.line(this.#paint.bold(text))
  }

  /** A label and what it stands for, in the demo's columns. */
  fact(label: string, text: string): void {
    this.line(`  ${this.#paint.dim(label.padEnd(NAME_WIDTH))}${text}`)
  }

  /** Says what the start is busy with; a person sees it change, a pipe sees nothing. */
  step(text: string): void {
    if (this.#live) this.#out.write(`\r\u001b[2K  ${this.#paint.dim(`${text} …`)}`)
  }

  stepsDone(): void {
    if (this.#live) this.#out.write('\r\u001b[2K')
  }

  question(index: number, question: Question): void {
    this.#lastStages = ''
    const { bold, cyan, dim } = this.#paint
    this.line()
    this.line(`${cyan(String(index))}  ${bold(question.name)}  ${dim(question.words)}`)
  }

  progress(progress: QuestionProgress): void {
    if (!this.#live) return
    const stages = this.#stages(progress)
    if (stages === this.#lastStages) return
    this.#lastStages = stages
    this.#out.write(`\r\u001b[2K   ${stages}`)
  }

  outcome(question: Question, progress: QuestionProgress, outcome: QuestionOutcome): void {
    const { bold, dim, green, red } = this.#paint
    if (this.#live) this.#out.write('\r\u001b[2K')
    this.line(`   ${this.#stages(progress)}  ${dim(`${number.format(outcome.ms)} ms`)}`)
    const unit = fileOf(question) === undefined ? '' : ' rows'
    for (const hospital of outcome.hospitals) {
      this.line(`   ${hospital.node.padEnd(NAME_WIDTH)}${this.#hospital(hospital, unit)}`)
    }
    const { published } = outcome
    const answered = published.status !== 'error'
    const count = answered ? `${number.format(published.count)}${unit}` : 'no answer'
    const paint = answered ? green : red
    this.line(
      `   ${bold('published'.padEnd(NAME_WIDTH))}${bold(paint(padCount(count)))}  ` +
        dim(`true ${number.format(outcome.trueCount)}${unit}; ${published.message ?? ''}`),
    )
    for (const text of outcome.excerpt) this.line(`   ${' '.repeat(NAME_WIDTH)}${dim(text)}`)
  }

  #stages({ stage, asked, handedOut, answers }: QuestionProgress): string {
    const { dim, green } = this.#paint
    const reached = STAGES.indexOf(stage)
    const labels: Readonly<Record<string, string>> = {
      'handed out': `handed to ${handedOut} of ${asked} nodes`,
      answered: `${answers.length} answered`,
    }
    return STAGES.map((name, index) => {
      const label = labels[name] ?? name
      return index <= reached ? `${green('●')} ${label}` : dim(`○ ${name}`)
    }).join(dim(' ─▶ '))
  }

  #hospital({ status, count, trueCount, reason }: HospitalOutcome, unit: string): string {
    const { dim, red, yellow } = this.#paint
    const truth = trueCount === undefined ? '' : dim(`true ${number.format(trueCount)}${unit}`)
    if (status === 'missing') return red(padCount('no word'))
    if (status === 'error') return `${red(padCount('failed'))}  ${dim(this.#fitting(reason ?? ''))}`
    if (count === 0 && trueCount !== undefined && trueCount > 0) {
      return `${yellow(padCount('hidden'))}  ${truth}`
    }
    return `${padCount(`${number.format(count)}${unit}`)}  ${truth}`
  }

  /** On a terminal what fits behind a count; a pipe gets it all. */
  #fitting(text: string): string {
    const room = Math.max(20, (this.#out.columns ?? 80) - NAME_WIDTH - COUNT_WIDTH - 6)
    return this.#live && text.length > room ? `${text.slice(0, room - 1)}…` : text
  }
}

function padCount(text: string): string {
  return ' '.repeat(Math.max(0, COUNT_WIDTH - displayWidth(text))) + text
}
