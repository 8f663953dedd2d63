import type { Area, Finding, Step } from './step.ts'

export interface ChecklistOptions {
  /** The time for all steps. Steps that would begin later are skipped. */
  readonly totalMs: number
  /** Called with each finished step, in order. */
  readonly onStep?: (step: Step) => void
}

export interface StepName {
  readonly id: string
  readonly area: Area
  readonly title: string
  /** The time for this step. Default: 10 s. */
  readonly limitMs?: number
}

/** One of several relays, whose steps name it. */
export interface Subject {
  readonly link?: string
  /** The name that a variable has for this relay. */
  readonly variable: (name: string) => string
}

const DEFAULT_LIMIT_MS = 10_000

/** Runs the steps of a check one after the other, each within its time, and keeps what they found. */
export class Checklist {
  readonly #options: ChecklistOptions
  readonly #steps: Step[] = []
  readonly #startedAt = performance.now()
  #subject: Subject | undefined

  constructor(options: ChecklistOptions) {
    this.#options = options
  }

  get steps(): readonly Step[] {
    return this.#steps
  }

  get durationMs(): number {
    return performance.now() - this.#startedAt
  }

  get leftMs(): number {
    return Math.max(0, this.#options.totalMs - this.durationMs)
  }

  /** The steps that `work` adds are about one relay: they name it, and advice names its variables. */
  async about<T>(subject: Subject, work: () => Promise<T>): Promise<T> {
    this.#subject = subject
    try {
      return await work()
    } finally {
      this.#subject = undefined
    }
  }

  /** Runs one step and returns whether what follows can build on it: it is ok, or only a warning. */
  async run(
    name: StepName,
    work: (signal: AbortSignal) => Promise<Finding> | Finding,
  ): Promise<boolean> {
    if (this.leftMs === 0) {
      this.skip(name, 'no time is left: raise --timeout')
      return false
    }
    const step = await measureStep(name, this.leftMs, work)
    this.add(step)
    return step.status !== 'failed'
  }

  add(step: Step): void {
    const named = this.#subject === undefined ? step : forSubject(step, this.#subject)
    this.#steps.push(named)
    this.#options.onStep?.(named)
  }

  skip({ id, area, title }: StepName, reason: string): void {
    this.add({ id, area, title, status: 'skipped', detail: reason, advice: [], durationMs: 0 })
  }
}

function forSubject(step: Step, { link, variable }: Subject): Step {
  const named = (text: string): string =>
    text.replaceAll(/\b(?:TASK_API_[A-Z_]+|COLLECTION_ID)\b/g, (name) => variable(name))
  const detail = named(step.detail)
  const advice = step.advice.map((one) => named(one))
  return { ...step, ...(link === undefined ? {} : { link }), detail, advice }
}

/** Runs the work of a step within its time. A step that takes longer has failed. */
export async function measureStep(
  { id, area, title, limitMs = DEFAULT_LIMIT_MS }: StepName,
  leftMs: number,
  work: (signal: AbortSignal) => Promise<Finding> | Finding,
): Promise<Step> {
  const startedAt = performance.now()
  const limit = Math.max(1, Math.min(limitMs, leftMs))
  const stop = new AbortController()
  const tooLong = Promise.withResolvers<Finding>()
  const timer = setTimeout(() => {
    const seconds = (limit / 1000).toFixed(limit < 1000 ? 1 : 0)
    tooLong.resolve({ status: 'failed', detail: `took longer than ${seconds} s` })
    stop.abort(new DOMException('the step took too long', 'TimeoutError'))
  }, limit)
  let finding: Finding
  try {
    const found = Promise.try(work, stop.signal)
    // The work may end after its time.
    found.catch(() => {})
    finding = await Promise.race([found, tooLong.promise])
  } catch (error: unknown) {
    // A defect must not hide the steps after it. The message of an unknown error may contain anything.
    finding = { status: 'failed', detail: `this step ended unexpectedly (${nameOf(error)})` }
  } finally {
    clearTimeout(timer)
  }
  const { status, detail, advice = [] } = finding
  return { id, area, title, status, detail, advice, durationMs: performance.now() - startedAt }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown error')
