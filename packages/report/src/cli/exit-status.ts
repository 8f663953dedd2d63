import { ExitCode } from '@warren/runtime/cli'
import type { ReportDocument } from '../document/report-document.ts'

/** What makes the command end with something else than 0. */
export const FAIL_ON = ['warning', 'error', 'unknown'] as const
export type FailOn = (typeof FAIL_ON)[number]

/**
 * 0 healthy, 1 findings, 2 could not tell.
 * `unknown` (usual): any warning or error, and also when the evidence does not suffice. `warning`: any warning or error.
 * `error`: errors only. Of logs in which nothing could be read nobody can tell anything.
 */
export function exitStatus(document: ReportDocument, failOn: FailOn): number {
  const nothing = document.sources.every(({ events }) => events === 0)
  if (nothing) return ExitCode.unknown
  const { errors, warnings } = document.totals
  if (errors > 0 || (warnings > 0 && failOn !== 'error')) return ExitCode.failure
  if (failOn === 'unknown' && document.verdict === 'unknown') return ExitCode.unknown
  return ExitCode.ok
}
