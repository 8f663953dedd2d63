import {
  bindCommand,
  ProgramError,
  progressBar,
  styles,
  writeTable,
  type CliIo,
} from '@warren/runtime'
import { Command, InvalidArgumentError, Option } from 'commander'

import { DEFAULT_UNTIL, PROFILE_NAMES, generateOmop } from '../omop/generate-omop.ts'
import { LoadError } from '../omop/load-problem.ts'
import { loadOmop } from '../omop/load-omop.ts'
import { DEFAULT_PROFILE } from '../omop/synthetic/profiles.ts'

interface TargetFlags {
  readonly to: string
  readonly schema?: string
  readonly replace?: true
  readonly json?: true
}

interface LoadFlags extends TargetFlags {
  readonly skipBadLines?: true
}

interface GenerateFlags extends TargetFlags {
  readonly persons: number
  readonly seed: number
  readonly profile: string
  readonly until: string
}

const TARGET_HELP = `
The target is a file of DuckDB or a database of PostgreSQL:
  duckdb:hospital.duckdb
  postgres://USER@HOST:5432/DATABASE?sslmode=require     password in PGPASSWORD or PGPASSFILE
It is written all or nothing: until the end, and after any failure, it is as it was. A DuckDB file is replaced in one
step, so a bunny that reads it goes on undisturbed and sees the new data within seconds.`

/** `omop`: brings patient data in the OMOP CDM into a database, from a site's own files or invented. */
export function omopCommand(io: CliIo): Command {
  const command = new Command('omop')
    .description('load a site’s OMOP CDM files into a database, or fill one with invented patients')
    .showHelpAfterError('(--help says more)')
  for (const subcommand of [loadCommand(io), generateCommand(io)]) {
    command.addCommand(subcommand.copyInheritedSettings(command))
  }
  bindCommand(command, io)
  return command
}

function loadCommand(io: CliIo): Command {
  const command = new Command('load')
    .description(
      'load a folder of CDM files: PERSON.csv, condition_occurrence.tsv, CONCEPT.csv.gz, …',
    )
    .argument('<folder>', 'the folder; each file is named after its table')
    .option('--skip-bad-lines', 'leave out lines that cannot be read, instead of loading nothing')
  return withTarget(command)
    .addHelpText(
      'after',
      `${TARGET_HELP}

Files are comma-separated with "quotes", or tab-separated without; the first line names the columns, in any order. An
empty field is NULL. Dates are 2015-01-06, 2015-1-6 or 20150106; 06/01/2015 is refused, as it could be June.
Every problem is shown with its file, line and column, and never with the value.

Exit code: 0 loaded; 65 the files are not right; 69 the target cannot be reached; 64 usage; 1 anything else.

Examples:
  warren bunny omop load ./export --to duckdb:hospital.duckdb
  warren bunny omop load ./export --to postgres://omop@localhost/omop --schema cdm --replace
  warren bunny omop load ./export --to duckdb:hospital.duckdb --json | jq '.tables[] | {table, rows}'`,
    )
    .action((folder: string, flags: LoadFlags) => load(io, folder, flags))
}

function generateCommand(io: CliIo): Command {
  const command = new Command('generate')
    .description('fill a database with patients that do not exist, for trying and testing')
    .requiredOption('--persons <n>', 'how many', wholeNumber)
    .option(
      '--seed <n>',
      'the same seed and options give the same rows, in every engine',
      wholeNumber,
      1,
    )
    .addOption(
      new Option('--profile <name>', 'the kind of hospital')
        .choices(PROFILE_NAMES)
        .default(DEFAULT_PROFILE),
    )
    .option('--until <date>', 'the last day of the data', DEFAULT_UNTIL)
  return withTarget(command)
    .addHelpText(
      'after',
      `${TARGET_HELP}

Examples:
  warren bunny omop generate --persons 5000 --to duckdb:city.duckdb --profile city
  warren bunny omop generate --persons 100000 --seed 7 --to postgres://omop@localhost/omop --replace`,
    )
    .action((flags: GenerateFlags) => generate(io, flags))
}

function withTarget(command: Command): Command {
  return command
    .requiredOption('--to <target>', 'duckdb:FILE or postgres://USER@HOST:PORT/DATABASE')
    .option('--schema <name>', 'the schema of the tables; the engine’s default unless told')
    .option('--replace', 'empty all CDM tables of the target first')
    .option('--json', 'the result as JSON on standard output')
}

async function load(io: CliIo, folder: string, flags: LoadFlags): Promise<void> {
  warnOfPassword(io, flags.to)
  let bar: ReturnType<typeof progressBar> | undefined
  try {
    const report = await interruptible((signal) =>
      loadOmop({
        ...flags,
        from: folder,
        env: io.env,
        signal,
        onProgress: ({ bytesRead, bytesTotal }) => {
          bar ??= progressBar({ title: 'reading', total: kilobytes(bytesTotal), stream: io.stderr })
          bar.update(kilobytes(bytesRead))
        },
      }),
    )
    bar?.stop()
    if (flags.json === true) {
      io.stdout.write(`${JSON.stringify(report)}\n`)
      return
    }
    const skipped = report.tables.some(({ skippedLines }) => skippedLines > 0)
    writeTable(
      io,
      report.tables.map(({ table, rows, file, skippedLines }) => [
        table,
        rows,
        ...(skipped ? [skippedLines] : []),
        file ?? '–',
      ]),
      { head: ['table', 'rows', ...(skipped ? ['left out'] : []), 'file'] },
    )
    for (const note of report.notes) io.stderr.write(`note: ${note}\n`)
    done(io, report.target, report.durationMs)
  } catch (error: unknown) {
    bar?.stop()
    if (flags.json === true && error instanceof LoadError) {
      const { problems, total } = error
      io.stdout.write(`${JSON.stringify({ problems, total })}\n`)
    }
    throw error
  }
}

async function generate(io: CliIo, flags: GenerateFlags): Promise<void> {
  warnOfPassword(io, flags.to)
  const bar = progressBar({ title: 'persons', total: flags.persons, stream: io.stderr })
  const report = await interruptible((signal) =>
    generateOmop({ ...flags, env: io.env, signal, onProgress: (persons) => bar.update(persons) }),
  ).finally(() => bar.stop())
  if (flags.json === true) {
    io.stdout.write(`${JSON.stringify(report)}\n`)
    return
  }
  writeTable(
    io,
    report.tables.map(({ table, rows }) => [table, rows]),
    { head: ['table', 'rows'] },
  )
  done(io, report.target, report.durationMs)
}

function done(io: CliIo, target: string, durationMs: number): void {
  const { green } = styles(io.stderr, io.env)
  io.stderr.write(`${green('done:')} ${target} in ${(durationMs / 1000).toFixed(1)} s\n`)
}

/** Other users of a machine see the arguments of its programs. */
function warnOfPassword(io: CliIo, to: string): void {
  if ((URL.parse(to)?.password ?? '') === '') return
  const { yellow } = styles(io.stderr, io.env)
  io.stderr.write(
    `${yellow('warning:')} others on this machine can read the password in --to; use PGPASSWORD or PGPASSFILE\n`,
  )
}

/** Ctrl-C ends the work in order, so that no unfinished file stays behind; a second one ends the program at once. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals): void => {
    const exitCode = signal === 'SIGINT' ? 130 : 143
    controller.abort(new ProgramError('stopped; the target is as it was', { exitCode }))
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await work(controller.signal)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

function kilobytes(bytes: number): number {
  return Math.ceil(bytes / 1000)
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number')
  return Number(text)
}
