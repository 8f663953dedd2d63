import { readFileSync, writeFileSync } from 'node:fs'
import { ExitCode, progressBar, ProgramError, styles } from '@warren/runtime'
import type { CliIo } from '@warren/runtime'
import { Command, Option } from 'commander'
import { reportJsonSchema } from '../document/report-document.ts'
import { inputFiles } from '../read/input-files.ts'
import type { InputFile } from '../read/input-files.ts'
import { createReport } from '../report.ts'
import type { ReportOptions } from '../report.ts'
import { exitStatus, FAIL_ON } from './exit-status.ts'
import type { FailOn } from './exit-status.ts'
import { follow } from './follow.ts'
import { formatOfFile, OUTPUT_FORMATS, render, sourceLines } from './output.ts'
import type { OutputFormat } from './output.ts'
import { inputSize } from './input-size.ts'
import { parseDate, parseInstant } from './time-options.ts'

interface Flags {
  source: string[]
  since?: string
  until?: string
  tz?: string
  date?: string
  expect?: string
  format?: OutputFormat
  output?: string
  failOn: FailOn
  follow?: boolean
  quiet?: boolean
  schema?: boolean
}

/** `report FILE…`: what the logs of all parts say about every link. Sets the exit status of the process. */
export function reportCommand(io: CliIo): Command {
  return new Command('report')
    .description(
      'read logs of clients, hub, broker, database and balancer, and say whether every link works',
    )
    .argument('[files...]', 'files, folders, globs, or - for standard input; gzip is unpacked')
    .option(
      '--source <labels:file>',
      'a file and what it does not say itself (repeatable)',
      collect,
      [],
    )
    .option('--since <time>', 'look at nothing before')
    .option('--until <time>', 'look at nothing after')
    .option('--tz <zone>', 'zone of times that have none: UTC, +01:00, Europe/London')
    .option('--date <date>', 'date on which lines without one begin')
    .option('--expect <file>', 'names of the clients that should be there, one a line')
    .addOption(new Option('--format <format>', 'how the report is written').choices(OUTPUT_FORMATS))
    .option('--output <file>', 'write the report there; its ending chooses the format')
    .addOption(
      new Option('--fail-on <level>', 'what makes the exit code 1 (and 2 where nobody can tell)')
        .choices(FAIL_ON)
        .default('unknown'),
    )
    .option('--follow', 'keep a live view of growing files')
    .option('--quiet', 'do not say what each file was taken for')
    .option('--schema', 'print the JSON Schema of --format json')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  report logs/                                             every file below a folder; its folders name clusters
  report relay.log bunny.log rabbit.log.gz --output report.html
  report --source component=bunny,cluster=site-a:a.log relay.log --expect clients.txt
  kubectl logs --prefix --timestamps -l app=relay | report -
  report relay.log --follow

Exit codes: 0 healthy, 1 findings, 2 could not tell, 64 wrong usage.`,
    )
    .action(async (names: string[], flags: Flags) => {
      process.exitCode = await runReport(io, names, flags)
    })
}

/** Runs the command and returns its exit code; rejects with a ProgramError for wrong usage. */
export async function runReport(
  io: CliIo,
  names: readonly string[],
  flags: Flags,
): Promise<number> {
  if (flags.schema === true) {
    io.stdout.write(`${JSON.stringify(reportJsonSchema(), null, 2)}\n`)
    return ExitCode.ok
  }
  const files = inputFiles(names, flags.source)
  if (files.length === 0) {
    throw new ProgramError('no files to read', {
      exitCode: ExitCode.usage,
      hint: 'give files, folders or globs, or - for standard input',
    })
  }
  const options = reportOptions(io, flags)
  if (flags.follow === true) return runFollow(io, files, options, flags)
  const bar = progressBar({ title: 'reading', total: inputSize(files), stream: io.stderr })
  const document = await createReport(files, {
    ...options,
    onProgress: (bytes) => bar.update(bytes),
  }).finally(() => bar.stop())
  if (flags.quiet !== true) io.stderr.write(sourceLines(document, styles(io.stderr, io.env)))
  const format = flags.format ?? formatOfFile(flags.output) ?? 'text'
  if (flags.output === undefined || flags.output === '-') {
    io.stdout.write(render(document, format, styles(io.stdout, io.env)))
  } else {
    write(flags.output, render(document, format, styles({ write: () => undefined }, {})))
    io.stdout.write(render(document, 'text', styles(io.stdout, io.env)))
    io.stderr.write(`written to ${flags.output}\n`)
  }
  return exitStatus(document, flags.failOn)
}

async function runFollow(
  io: CliIo,
  files: readonly InputFile[],
  options: ReportOptions,
  flags: Flags,
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

function reportOptions(io: CliIo, flags: Flags): ReportOptions {
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

function collect(value: string, before: string[]): string[] {
  return [...before, value]
}
