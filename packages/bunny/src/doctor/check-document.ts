import { VERSION } from '../version.ts'
import type { Step } from './step.ts'
import { verdictOf } from './verdict.ts'

/** The output of `bunny check --json`. Members are only added, never changed. */
export interface CheckDocument {
  readonly format: 1
  readonly version: string
  /** ISO 8601, UTC. */
  readonly checkedAt: string
  readonly ok: boolean
  readonly exitCode: number
  readonly durationMs: number
  readonly counts: Readonly<Record<Step['status'], number>>
  readonly steps: readonly Step[]
}

export function checkDocument(
  steps: readonly Step[],
  { at, durationMs }: { at: Date; durationMs: number },
): CheckDocument {
  const { ok, exitCode, counts } = verdictOf(steps)
  return {
    format: 1,
    version: VERSION,
    checkedAt: at.toISOString(),
    ok,
    exitCode,
    durationMs: Math.round(durationMs),
    counts,
    steps: steps.map((step) => ({ ...step, durationMs: Math.round(step.durationMs * 10) / 10 })),
  }
}
