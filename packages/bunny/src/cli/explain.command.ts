import { SQL_DIALECTS, type SqlDialect } from '@warren/cohort'
import { ExitCode, ProgramError, styles, type CliIo } from '@warren/runtime'
import { Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../clock.ts'
import { loadExplainConfig, loadRunConfig, runConfig } from '../config.ts'
import { explainTask, type Explanation } from '../explain/explain-task.ts'
import { printExplanation } from '../explain/print-explanation.ts'
import { siteSettings } from '../site-settings.ts'
import { openRunDatabase } from './open-run-database.ts'
import { programLog } from './program-log.ts'
import { quietLog } from '../quiet-log.ts'
import { readTaskInput } from './task-input.ts'

interface ExplainCommandOptions {
  readonly sql?: SqlDialect
  readonly json?: true
  readonly database: boolean
}

export function explainCommand(io: CliIo): Command {
  return new Command('explain')
    .argument('[file]', 'task as a JSON file, - for standard input', '-')
    .description(
      'print what a task asks in plain words, its SQL, and its plan and time; nothing is sent',
    )
    .option(
      '--sql <dialect>',
      `SQL for ${SQL_DIALECTS.join(', ')} (default: the configured database)`,
      parseDialect,
    )
    .option('--no-database', 'do not connect to the configured database')
    .option('--json', 'print a JSON object, with the SQL of every dialect')
    .addHelpText(
      'after',
      `
With a configured database (DATASOURCE_DB_DRIVERNAME), the names of concepts are looked up, and the question is run for its
plan and time. The number of people is not printed: use warren bunny run --dry-run.

Exit codes: 0 success, 1 the question cannot be answered, 78 invalid configuration.

Examples:
  warren bunny explain task.json
  warren bunny explain task.json --sql mssql --no-database`,
    )
    .action(async (file: string, options: ExplainCommandOptions) => {
      const body = await readTaskInput({ body: file }, io)
      const isConfigured = (io.env['DATASOURCE_DB_DRIVERNAME'] ?? '') !== ''
      const explanation =
        options.database && isConfigured
          ? await explainOnDatabase(body, io).catch((error: unknown) => {
              warnOfDatabase(error, io)
              return explainOffline(body, io)
            })
          : await explainOffline(body, io)
      print(explanation, options, io)
      if (explanation.problems.length > 0) throw new ProgramError('the question cannot be answered')
    })
}

const OFFLINE_TIMEOUT_MS = 60_000

function explainOffline(body: unknown, io: CliIo): Promise<Explanation> {
  return explainTask(body, {
    settings: siteSettings(loadExplainConfig(io.env)),
    timeoutMs: OFFLINE_TIMEOUT_MS,
    clock: systemClock,
    log: quietLog,
  })
}

/** The question can be explained without its database. Throws any other error again. */
function warnOfDatabase(error: unknown, io: CliIo): void {
  if (!(error instanceof ProgramError) || error.exitCode !== ExitCode.unavailable) throw error
  const { yellow } = styles(io.stderr, io.env)
  io.stderr.write(
    `${yellow('warning:')} ${error.message}; without it there are no names of concepts, no plan and no time\n`,
  )
}

async function explainOnDatabase(body: unknown, io: CliIo): Promise<Explanation> {
  const config = loadRunConfig(io.env)
  const log = programLog(runConfig, config, io)
  await using source = await openRunDatabase(config, log)
  return await explainTask(body, {
    source,
    settings: siteSettings(config),
    timeoutMs: config.availabilityTimeoutMs,
    clock: systemClock,
    log,
  })
}

function print(explanation: Explanation, options: ExplainCommandOptions, io: CliIo): void {
  if (options.json === true) {
    io.stdout.write(`${JSON.stringify(explanation, null, 2)}\n`)
    return
  }
  const dialect = options.sql ?? explanation.run?.dialect ?? 'postgres'
  printExplanation(explanation, { dialect, statements: explanation.sql[dialect] ?? [] }, io)
}

function parseDialect(text: string): SqlDialect {
  const dialect = SQL_DIALECTS.find((one) => one === text)
  if (dialect === undefined) throw new InvalidArgumentError(`Use ${SQL_DIALECTS.join(', ')}.`)
  return dialect
}
