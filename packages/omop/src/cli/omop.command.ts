import {
  bindCommand,
  ProgramError,
  progressBar,
  styles,
  writeTable,
  type CliIo,
} from '@warren/runtime'
import { Command, InvalidArgumentError, Option } from 'commander'

import { DEFAULT_UNTIL, PROFILE_NAMES, generateOmop } from '../generate-omop.ts'
import { LoadError } from '../load-problem.ts'
import { loadOmop } from '../load-omop.ts'
import { DEFAULT_PROFILE } from '../synthetic/profiles.ts'

interface TargetFlags {
  readonly to: string
  readonly schema?: string
  readonly replace?: true
  readonly json?: true
}

interface LoadFlags extends TargetFlags {
  readonly null: readonly string[]
  readonly skipBadLines?: true
}

interface GenerateFlags extends TargetFlags {
  readonly persons: number
  readonly seed: number
  readonly profile: string
  readonly until: string
}

const TARGET_HELP = `
The target is a DuckDB file or a PostgreSQL database. Set the password of PostgreSQL in PGPASSWORD or PGPASSFILE:
  duckdb:hospital.duckdb
  postgres://USER@HOST:5432/DATABASE?sslmode=require
The load is atomic: if it fails, the target is unchanged. A DuckDB file is replaced when the load is complete: a bunny
that uses the file keeps running and reads the new data within seconds.`

/** The command `omop`: writes OMOP CDM data into a database, from files of a site or with synthetic patients. */
export function omopCommand(io: CliIo): Command {
  const command = new Command('omop').description(
    'load OMOP CDM files into a database, or fill one with synthetic patients',
  )
  for (const subcommand of [loadCommand(io), generateCommand(io)]) {
    command.addCommand(subcommand)
  }
  bindCommand(command, io)
  return command
}

function loadCommand(io: CliIo): Command {
  const command = new Command('load')
    .description(
      'load a folder of CDM files: PERSON.csv, condition_occurrence.tsv, CONCEPT.csv.gz, …',
    )
    .argument('<folder>', 'folder with the files, each named after its table')
    .option(
      '--null <text>',
      'text that stands for a missing value, such as NA, or a list: NA,NULL (repeatable)',
      (text: string, before: readonly string[]) => [...before, ...text.split(',')],
      [],
    )
    .option('--skip-bad-lines', 'skip unreadable lines, instead of failing')
  return withTarget(command)
    .addHelpText(
      'after',
      `${TARGET_HELP}

Files are separated by commas, semicolons or | with "quotes", or by tabs without quotes, in UTF-8 or UTF-16. The first line
names the columns, in any order. Lines end in LF, CR LF or CR. A table can be in parts, each with the line of column names: PERSON_1.csv,
PERSON_2.csv, … or a folder PERSON or PERSON.csv with files of any names.
An empty field is NULL. Dates are 2015-01-06, 2015-1-6 or 20150106. 06/01/2015 is rejected: it could be 6 January or 1 June.
A time zone is dropped: 2015-01-06 10:20:30 UTC is 10:20:30. A value that cannot be read is NULL, without rejecting its row,
if no task reads its column.
Each problem is printed with its file, first line and column, and without the value.

Exit codes: 0 success, 1 failed, 64 invalid usage, 65 invalid files, 69 target not available.

Examples:
  warren omop load ./export --to duckdb:hospital.duckdb
  warren omop load ./from-r --null NA --to duckdb:hospital.duckdb
  warren omop load ./export --to postgres://omop@localhost/omop --schema cdm --replace
  warren omop load ./export --to duckdb:hospital.duckdb --json | jq '.tables[] | {table, rows}'`,
    )
    .action((folder: string, flags: LoadFlags) => load(io, folder, flags))
}

function generateCommand(io: CliIo): Command {
  const command = new Command('generate')
    .description('fill a database with synthetic patients, for trials and tests')
    .requiredOption('--persons <n>', 'number of patients', parseWholeNumber)
    .option(
      '--seed <n>',
      'seed: the same seed and options give the same rows in all engines',
      parseWholeNumber,
      1,
    )
    .addOption(
      new Option('--profile <name>', 'kind of hospital')
        .choices(PROFILE_NAMES)
        .default(DEFAULT_PROFILE),
    )
    .option('--until <date>', 'last day of the data', DEFAULT_UNTIL)
  return withTarget(command)
    .addHelpText(
      'after',
      `${TARGET_HELP}

Examples:
  warren omop generate --persons 5000 --to duckdb:city.duckdb --profile city
  warren omop generate --persons 100000 --seed 7 --to postgres://omop@localhost/omop --replace`,
    )
    .action((flags: GenerateFlags) => generate(io, flags))
}

function withTarget(command: Command): Command {
  return command
    .requiredOption('--to <target>', 'duckdb:FILE or postgres://USER@HOST:PORT/DATABASE')
    .option('--schema <name>', "schema of the tables (default: the engine's default schema)")
    .option('--replace', 'empty all CDM tables in the target first')
    .option('--json', 'print the outcome as JSON')
}

async function load(io: CliIo, folder: string, flags: LoadFlags): Promise<void> {
  warnOfPassword(io, flags.to)
  let bar: ReturnType<typeof progressBar> | undefined
  try {
    const report = await interruptible((signal) =>
      loadOmop({
        ...flags,
        nullMarkers: flags.null,
        from: folder,
        env: io.env,
        signal,
        onProgress: ({ bytesRead, bytesTotal }) => {
          bar ??= progressBar({
            title: 'reading',
            total: toKilobytes(bytesTotal),
            stream: io.stderr,
          })
          bar.update(toKilobytes(bytesRead))
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
      { head: ['table', 'rows', ...(skipped ? ['skipped lines'] : []), 'file'] },
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
  const bar = progressBar({ title: 'people', total: flags.persons, stream: io.stderr })
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

/** Other users of the machine can see the arguments of its programs. */
function warnOfPassword(io: CliIo, to: string): void {
  if ((URL.parse(to)?.password ?? '') === '') return
  const { yellow } = styles(io.stderr, io.env)
  io.stderr.write(
    `${yellow('warning:')} other users of this machine can read the password in --to. Use PGPASSWORD or PGPASSFILE.\n`,
  )
}

/** The first Ctrl-C aborts `work`, so that no unfinished file is left. The second one ends the program. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals): void => {
    const exitCode = signal === 'SIGINT' ? 130 : 143
    controller.abort(new ProgramError('stopped: the target is unchanged', { exitCode }))
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await work(controller.signal)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

function toKilobytes(bytes: number): number {
  return Math.ceil(bytes / 1000)
}

function parseWholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}
