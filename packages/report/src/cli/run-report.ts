import { readFileSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { ExitCode, progressBar, ProgramError, styles } from '@warren/runtime/cli'
import type { CliIo } from '@warren/runtime/cli'
import { reportJsonSchema } from '../document/report-document.ts'
import { inputFiles } from '../read/input-files.ts'
import type { InputFile } from '../read/input-files.ts'
import { createReport } from '../report.ts'
import type { ReportOptions } from '../report.ts'
import { exitStatus } from './exit-status.ts'
import { follow } from './follow.ts'
import { inputSize } from './input-size.ts'
import { render, screenOf, sourceLines } from './output.ts'
import { formatOfFile } from './output-format.ts'
import type { OutputFormat } from './output-format.ts'
import type { ReportFlags } from './report.command.ts'
import { parseDate, parseInstant } from './time-options.ts'

/** Runs the command and returns its exit code; rejects with a ProgramError for wrong usage. */
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
      hint: 'give files, folders or globs, or - for standard input',
    })
  }
  const format = formatOf(flags)
  // What a line leaves behind is dead by the next one: letting the space for new objects grow to 130 MB makes nothing faster.
  setFlagsFromString('--semi-space-growth-factor=1')
  const options = reportOptions(io, flags)
  if (flags.follow === true) return runFollow(io, files, options, flags)
  const bar = progressBar({ title: 'reading', total: inputSize(files), stream: io.stderr })
  const document = await createReport(files, {
    ...options,
    onProgress: (bytes) => bar.update(bytes),
  }).finally(() => bar.stop())
  if (flags.quiet !== true) io.stderr.write(sourceLines(document, styles(io.stderr, io.env)))
  if (flags.output === undefined || flags.output === '-') {
    io.stdout.write(await render(document, format, styles(io.stdout, io.env), screenOf(io.stdout)))
  } else {
    write(flags.output, await render(document, format, styles({ write: () => undefined }, {})))
    io.stdout.write(await render(document, 'text', styles(io.stdout, io.env), screenOf(io.stdout)))
    io.stderr.write(`written to ${flags.output}\n`)
  }
  return exitStatus(document, flags.failOn)
}

/** The format asked for; that of the file it is written to; on standard output text. */
function formatOf({ format, output }: ReportFlags): OutputFormat {
  if (format !== undefined) return format
  if (output === undefined || output === '-') return 'text'
  const named = formatOfFile(output)
  if (named === undefined) {
    throw new ProgramError(`--output ${output}: its ending names no format`, {
      exitCode: ExitCode.usage,
      hint: `end it in .html, .md, .json or .txt, or add --format`,
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
  if (
    options.since !== undefined ||
    options.until !== undefined ||
    files.some(({ path }) => path === '-')
  ) {
    throw new ProgramError(
      '--follow reads files as they grow: no --since, no --until, no standard input',
      {
        exitCode: ExitCode.usage,
      },
    )
  }
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  try {
    return exitStatus(await follow(io, files, options, stop.signal), flags.failOn)
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

function reportOptions(io: CliIo, flags: ReportFlags): ReportOptions {
  const { tz, date } = flags
  const instant = (option: '--since' | '--until', text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseInstant(option, text, tz, date)
  return {
    tz,
    date: date === undefined ? undefined : parseDate(date),
    since: instant('--since', flags.since),
    until: instant('--until', flags.until),
    expected: flags.expect === undefined ? undefined : readNames(flags.expect),
    stdin: io.stdin,
  }
}

/** Client names, one a line; `#` begins a remark. */
function readNames(file: string): string[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error: unknown) {
    throw new ProgramError(`--expect ${file}: cannot be read`, {
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
    throw new ProgramError(`--output ${file}: cannot be written`, {
      exitCode: ExitCode.usage,
      hint: error instanceof Error ? error.message : String(error),
      cause: error,
    })
  }
}
