import { quote } from './evidence-keeper.ts'
import type { Quotable, RawEvidence } from './evidence-keeper.ts'

const MAX_TASKS = 400
const MAX_STEPS = 24

export type TaskStep =
  | 'received'
  | 'handed-out'
  | 'solving'
  | 'solved'
  | 'posted'
  | 'answered'
  | 'late'
  | 'rejected'
  | 'expired'
  | 'settled'
  | 'submitting'
  | 'submission-failed'
  | 'submitted'
  | 'abandoned'
  | 'not-answerable'
  | 'lease-returned'

export interface TaskRecord {
  readonly id: string
  kind: string
  /** All steps, including those whose lines are not kept. */
  readonly seen: Set<TaskStep>
  readonly steps: {
    step: TaskStep
    node: string
    subtask: string
    requestId: string
    evidence: RawEvidence
  }[]
}

/** The tasks in one source, by ID. Counts all steps, keeps the lines of a bounded number of tasks. */
export class TaskLedger {
  readonly #records = new Map<string, TaskRecord>()
  readonly counts = new Map<TaskStep, number>()

  get records(): TaskRecord[] {
    return [...this.#records.values()]
  }

  record(id: string): TaskRecord | undefined {
    return this.#records.get(id)
  }

  count(step: TaskStep): number {
    return this.counts.get(step) ?? 0
  }

  step(
    id: string,
    step: TaskStep,
    line: Quotable,
    more: { kind?: string; node?: string; subtask?: string; requestId?: string } = {},
  ): void {
    this.counts.set(step, this.count(step) + 1)
    let record = this.#records.get(id)
    if (record === undefined) {
      if (this.#records.size >= MAX_TASKS) this.#forgetOne()
      record = { id, kind: '', seen: new Set(), steps: [] }
      this.#records.set(id, record)
    }
    record.seen.add(step)
    if (more.kind !== undefined) record.kind = more.kind
    if (record.steps.length >= MAX_STEPS) return
    record.steps.push({
      step,
      node: more.node ?? '',
      subtask: more.subtask ?? '',
      requestId: more.requestId ?? '',
      evidence: quote(line),
    })
  }

  /** There were so many steps that some may not be kept. */
  static isCut({ steps }: TaskRecord): boolean {
    return steps.length >= MAX_STEPS
  }

  /** Discards a finished task, but keeps the first ones as examples; otherwise the oldest. */
  #forgetOne(): void {
    let index = 0
    let oldest: string | undefined
    for (const [id, record] of this.#records) {
      if (index++ < 16) continue
      oldest ??= id
      if (record.seen.has('submitted') || record.seen.has('posted')) {
        this.#records.delete(id)
        return
      }
    }
    if (oldest !== undefined) this.#records.delete(oldest)
  }
}

/** Details of `task-not-answered`: whether the client fetched the task. */
export const FETCHED = 'fetched but not answered'
export const NOT_FETCHED = 'not fetched'
