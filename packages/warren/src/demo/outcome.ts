import type { JsonObject } from '@warren/task-api'

/** What one hospital made of a question. `trueCount` is for the demo's eyes only: no program tells another. */
export interface HospitalOutcome {
  readonly node: string
  readonly status: 'ok' | 'error' | 'missing'
  readonly count: number
  readonly trueCount: number | undefined
  readonly reason?: string
}

/**
 * One question and what became of it. Counts are persons for an availability task, rows of the result file for a
 * distribution.
 */
export interface QuestionOutcome {
  readonly name: string
  readonly task: JsonObject
  readonly hospitals: readonly HospitalOutcome[]
  readonly trueCount: number
  readonly published: {
    readonly status: string
    readonly count: number
    readonly message: string | null
  }
  /** From the question at the upstream to the answer there. */
  readonly ms: number
  /** What a distribution said, in a line or two a person wants to read. */
  readonly excerpt: readonly string[]
}

/** The document of `--json`. */
export function outcomeDocument(outcomes: readonly QuestionOutcome[]): JsonObject {
  return {
    questions: outcomes.map(({ name, task, hospitals, trueCount, published, ms }) => ({
      name,
      task,
      nodes: hospitals.map(({ node, status, count }) => ({ node, status, count })),
      trueCount,
      published,
      ms,
    })),
  }
}
