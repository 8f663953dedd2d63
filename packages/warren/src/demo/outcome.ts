import type { JsonObject } from '@warren/task-api'

/** One hospital's result. Only the demo knows `trueCount`: no program sends it to another. */
export interface HospitalOutcome {
  readonly node: string
  readonly status: 'ok' | 'error' | 'missing'
  readonly count: number
  readonly trueCount: number | undefined
  readonly reason?: string
}

/** One question and its result. Counts are people for an availability task, rows of the result file for a distribution. */
export interface QuestionOutcome {
  readonly name: string
  readonly task: JsonObject
  readonly hospitals: readonly HospitalOutcome[]
  readonly trueCount: number
  readonly combined: {
    readonly status: string
    readonly count: number
    readonly message: string | null
  }
  /** From asking the upstream to its result. */
  readonly ms: number
  /** The most interesting lines of a distribution. */
  readonly excerpt: readonly string[]
}

/** The document that `--json` prints. */
export function outcomeDocument(outcomes: readonly QuestionOutcome[]): JsonObject {
  return {
    questions: outcomes.map(({ name, task, hospitals, trueCount, combined, ms }) => ({
      name,
      task,
      nodes: hospitals.map(({ node, status, count }) => ({ node, status, count })),
      trueCount,
      combined,
      ms,
    })),
  }
}
