import { ExitCode } from '@warren/runtime/cli'
import type { Comparison } from '../document/comparison-schema.ts'
import type { ReportDocument } from '../document/report-document.ts'

/** Lowest level that gives an exit code other than 0. */
export const FAIL_ON = ['error', 'warning', 'unknown'] as const
export type FailOn = (typeof FAIL_ON)[number]

/**
 * 0: healthy, 1: problems found, 2: not enough evidence. Logs without a single recognised line always give 2. A comparison answers
 * for itself: 0 if every earlier failure is gone and none is new, 1 if one is not gone or is new, 2 if that is unknown.
 * @param failOn `error`: errors give 1. `warning`: warnings too. `unknown`: in addition, the verdict "unknown" gives 2
 */
export function reportExitCode(document: ReportDocument, failOn: FailOn): number {
  if (document.comparison !== undefined) return comparisonExitCode(document.comparison, failOn)
  if (document.sources.every(({ events }) => events === 0)) return ExitCode.unknown
  const { errors, warnings } = document.totals
  if (errors > 0 || (warnings > 0 && failOn !== 'error')) return ExitCode.failure
  if (failOn === 'unknown' && document.verdict === 'unknown') return ExitCode.unknown
  return ExitCode.ok
}

function comparisonExitCode({ answer }: Comparison, failOn: FailOn): number {
  if (answer === 'not-gone') return ExitCode.failure
  return answer === 'unknown' && failOn === 'unknown' ? ExitCode.unknown : ExitCode.ok
}
