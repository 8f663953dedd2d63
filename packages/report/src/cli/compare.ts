import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { ExitCode, ProgramError } from '@warren/runtime/cli'
import { readReport } from '../comparison/compared-report.ts'
import type { ComparedReport } from '../comparison/compared-report.ts'
import { withComparison } from '../comparison/compare-reports.ts'
import type { ReportDocument } from '../document/report-document.ts'
import { inputFiles } from '../read/input-files.ts'
import type { InputFile } from '../read/input-files.ts'
import { SECOND } from '../read/timestamps.ts'
import { createReport } from '../report.ts'
import type { ReportOptions } from '../report.ts'

/** A report saved as JSON names its type within its first bytes; exports of log collectors do not. */
const REPORT_HEAD = /^\s*\{\s*"document"\s*:\s*"warren-report"/
const HEAD_BYTES = 200

/**
 * The report on `files`, compared with an earlier one: a report saved as JSON, or earlier logs.
 * @throws ProgramError (usage) if the logs are not later
 */
export async function reportAgainst(
  files: readonly InputFile[],
  against: string,
  options: ReportOptions,
): Promise<ReportDocument> {
  const before = await earlierReport(against, options)
  const all = await createReport(files, options)
  const after = await withoutEarlierLines(all, files, before, options)
  return withComparison(after, before, 'against')
}

async function earlierReport(against: string, options: ReportOptions): Promise<ComparedReport> {
  if (isReport(against)) return readReport(against)
  const files = inputFiles([against], [])
  if (files.length === 0)
    throw new ProgramError(`--against: no files to read in ${against}`, {
      exitCode: ExitCode.usage,
      hint: 'Pass a report saved with --output earlier.json, or a folder with earlier logs.',
    })
  return createReport(files, { ...options, since: undefined, until: undefined })
}

function isReport(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false
  const head = Buffer.alloc(HEAD_BYTES)
  const file = openSync(path, 'r')
  try {
    return REPORT_HEAD.test(head.toString('latin1', 0, readSync(file, head, 0, HEAD_BYTES, 0)))
  } finally {
    closeSync(file)
  }
}

/** A folder often contains the lines of the earlier report too. They are left out, if the files can be read again. */
async function withoutEarlierLines(
  after: ReportDocument,
  files: readonly InputFile[],
  before: ComparedReport,
  options: ReportOptions,
): Promise<ReportDocument> {
  const { from, to } = after.timeRange
  const end = before.timeRange.to
  const ordered = before.timeRange.dateKnown && after.timeRange.dateKnown
  if (!ordered || from === null || to === null || end === null) return after
  if (Date.parse(to) <= Date.parse(end))
    throw new ProgramError(
      `--against: the logs end at ${to}, which is not later than the end of the earlier report (${end})`,
      {
        exitCode: ExitCode.usage,
        hint: 'Pass the later logs as files, and the earlier ones as --against.',
      },
    )
  const overlaps = Date.parse(from) < Date.parse(end) - SECOND
  if (!overlaps || files.some(({ path }) => path === '-')) return after
  return createReport(files, { ...options, since: Date.parse(end) + 1 })
}

/**
 * The report on the lines from `fix` on, compared with those before it.
 * @param fix UTC milliseconds
 * @throws ProgramError (usage) if there are no lines on either side
 */
export async function reportSinceFix(
  files: readonly InputFile[],
  fix: number,
  options: ReportOptions,
): Promise<ReportDocument> {
  if (files.some(({ path }) => path === '-'))
    throw new ProgramError('--since-fix cannot be combined with standard input', {
      exitCode: ExitCode.usage,
      hint: 'Save the lines to a file: warren report relay.log --since-fix 2025-09-26T07:30',
    })
  const before = await createReport(files, { ...options, until: fix - 1 })
  const after = await createReport(files, { ...options, since: fix })
  for (const [document, side] of [
    [before, 'before'],
    [after, 'after'],
  ] as const) {
    if (document.sources.every(({ events }) => events === 0))
      throw new ProgramError(`--since-fix: no line ${side} ${new Date(fix).toISOString()}`, {
        exitCode: ExitCode.usage,
        hint: 'Check the time and its zone. For logs without dates, add --date.',
      })
  }
  return withComparison(after, before, 'since-fix')
}
