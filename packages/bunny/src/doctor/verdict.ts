import { ExitCode } from '@warren/runtime'
import type { Area, Step, StepStatus } from './step.ts'

const EXIT_CODES: Readonly<Record<Area, number>> = {
  configuration: ExitCode.config,
  network: ExitCode.unavailable,
  login: ExitCode.login,
  database: ExitCode.database,
  state: ExitCode.config,
}

export interface Verdict {
  /** No step failed. */
  readonly ok: boolean
  /** 0, or that of the first failed step. */
  readonly exitCode: number
  readonly counts: Readonly<Record<StepStatus, number>>
}

export function verdictOf(steps: readonly Step[]): Verdict {
  const counts = { ok: 0, warning: 0, failed: 0, skipped: 0 }
  for (const { status } of steps) counts[status] += 1
  const first = steps.find(({ status }) => status === 'failed')
  return {
    ok: first === undefined,
    exitCode: first === undefined ? ExitCode.ok : EXIT_CODES[first.area],
    counts,
  }
}

/** `12 ok, 1 warning, 2 skipped` */
export function describeCounts({ counts }: Verdict): string {
  const parts = [
    `${counts.ok} ok`,
    ...(counts.warning === 0
      ? []
      : [`${counts.warning} warning${counts.warning === 1 ? '' : 's'}`]),
    ...(counts.failed === 0 ? [] : [`${counts.failed} failed`]),
    ...(counts.skipped === 0 ? [] : [`${counts.skipped} skipped`]),
  ]
  return parts.join(', ')
}
