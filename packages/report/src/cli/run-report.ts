import { readFileSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { ExitCode, fileErrorReason, progressBar, ProgramError, styles } from '@warren/runtime/cli'
import type { CliIo } from '@warren/runtime/cli'
import { reportJsonSchema } from '../document/report-document.ts'
import type { ReportDocument } from '../document/report-document.ts'
import { inputFiles } from '../read/input-files.ts'
import type { InputFile } from '../read/input-files.ts'
import { createReport } from '../report.ts'
import type { ReportOptions } from '../report.ts'
import { reportExitCode } from './exit-code.ts'
import { follow } from './follow.ts'
import { inputSize } from './input-size.ts'
import { render, screenOf, sourceLines } from './output.ts'
import { formatOfFile } from './output-format.ts'
import type { OutputFormat } from './output-format.ts'
import type { ReportFlags } from './report-flags.ts'
import { zoneOffsetMinutes } from '../timeline/zone-offset.ts'
import { parseDate, parseInstant } from './time-options.ts'

/**
 * Runs the command and returns its exit code.
 * @throws ProgramError for invalid usage
 */
export async function runReport(
  io: CliIo,
  names: readonly string[],
  flags: ReportFlags,
): Promise<number> {
  if (flags.schema === true) {
    io.stdout.write(`${JSON.stringify(reportJsonSchema(), null, 2)}\n`)
    return ExitCode.ok
  }
  const files = inputFiles(names, flags.source ?? [])
  if (files.length === 0) {
    const where = names.length === 0 ? '' : ` in ${names.join(', ')}`
    throw new ProgramError(`no files to read${where}`, {
      exitCode: ExitCode.usage,
      hint: 'Pass files, folders, globs, or - for standard input: warren report logs/',
    })
  }
  const format = formatOf(flags)
  // Objects rarely outlive the line they are made for, so a young generation of up to 130 MB would cost memory and gain nothing.
  setFlagsFromString('--semi-space-growth-factor=1')
  const options = reportOptions(io, flags)
  if (flags.follow === true) return runFollow(io, files, options, flags)
  const bar = progressBar({ title: 'reading', total: inputSize(files), stream: io.stderr })
  const document = await makeReport(files, flags, {
    ...options,
    onProgress: (bytes) => bar.update(bytes),
  }).finally(() => bar.stop())
  if (flags.quiet !== true)
    io.stderr.write(sourceLines(document, styles(io.stderr, io.env), screenOf(io.stderr)))
  if (flags.output === undefined || flags.output === '-') {
    io.stdout.write(await render(document, format, styles(io.stdout, io.env), screenOf(io.stdout)))
  } else {
    write(flags.output, await render(document, format, styles({ write: () => undefined }, {})))
    io.stdout.write(await render(document, 'text', styles(io.stdout, io.env), screenOf(io.stdout)))
    io.stderr.write(`Report written to ${flags.output}\n`)
  }
  return reportExitCode(document, flags.failOn)
}

async function makeReport(
  files: readonly InputFile[],
  { against, sinceFix, tz, date }: ReportFlags,
  options: ReportOptions,
): Promise<ReportDocument> {
  if (against === undefined && sinceFix === undefined) return createReport(files, options)
  const { reportAgainst, reportSinceFix } = await import('./compare.ts')
  if (sinceFix === undefined) return reportAgainst(files, against ?? '', options)
  if (against !== undefined)
    throw new ProgramError('--since-fix cannot be combined with --against', {
      exitCode: ExitCode.usage,
      hint: 'Use --since-fix for one set of logs, --against for two.',
    })
  return reportSinceFix(files, parseInstant('--since-fix', sinceFix, tz, date), options)
}

/** The given format, else that of the output file, else text. */
function formatOf({ format, output }: ReportFlags): OutputFormat {
  if (format !== undefined) return format
  if (output === undefined || output === '-') return 'text'
  const named = formatOfFile(output)
  if (named === undefined) {
    throw new ProgramError(`--output ${output}: the extension is not a known format`, {
      exitCode: ExitCode.usage,
      hint: 'Use the extension .html, .md, .json or .txt, or add --format.',
    })
  }
  return named
}

async function runFollow(
  io: CliIo,
  files: readonly InputFile[],
  options: ReportOptions,
  flags: ReportFlags,
): Promise<number> {
  const excluded = (['since', 'until', 'format', 'output', 'against', 'sinceFix'] as const).find(
    (name) => flags[name] !== undefined,
  )
  if (excluded !== undefined || files.some(({ path }) => path === '-')) {
    const other = excluded === undefined ? 'standard input' : `--${excluded.replace('F', '-f')}`
    throw new ProgramError(`--follow cannot be combined with ${other}`, {
      exitCode: ExitCode.usage,
      hint: 'Pass only the files to follow: warren report relay.log --follow',
    })
  }
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  try {
    return reportExitCode(await follow(io, files, options, stop.signal), flags.failOn)
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

function reportOptions(io: CliIo, flags: ReportFlags): ReportOptions {
  const { tz, date } = flags
  const instant = (option: '--since' | '--until', text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseInstant(option, text, tz, date)
  // Throws for an unknown time zone, even if no line needs it.
  if (tz !== undefined) zoneOffsetMinutes(tz, 0)
  const since = instant('--since', flags.since)
  const until = instant('--until', flags.until)
  if (since !== undefined && until !== undefined && since > until) {
    throw new ProgramError('--since is after --until', {
      exitCode: ExitCode.usage,
      hint: 'Swap the two times.',
    })
  }
  return {
    tz,
    quotes: flags.quote,
    date: date === undefined ? undefined : parseDate(date),
    since,
    until,
    expected: flags.expect === undefined ? undefined : readNames(flags.expect),
    stdin: io.stdin,
  }
}

/** Client names, one per line; `#` starts a comment. */
function readNames(file: string): string[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error: unknown) {
    throw new ProgramError(`--expect: cannot read ${file}: ${fileErrorReason(error, 'read')}`, {
      exitCode: ExitCode.usage,
      cause: error,
    })
  }
  const names = text.split(/\r?\n/).map((line) => line.replace(/#.*/, '').trim())
  return [...new Set(names.filter((name) => name !== ''))]
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error: unknown) {
    throw new ProgramError(`--output: cannot write ${file}: ${fileErrorReason(error, 'write')}`, {
      exitCode: ExitCode.usage,
      cause: error,
    })
  }
}
