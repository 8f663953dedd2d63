import type { CliIo } from '@warren/runtime/cli'
import { Command, Option } from 'commander'
import { FAIL_ON } from './exit-status.ts'
import type { FailOn } from './exit-status.ts'
import { OUTPUT_FORMATS } from './output-format.ts'
import type { OutputFormat } from './output-format.ts'

/** Options as the command line gives them. */
export interface ReportFlags {
  source?: string[]
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
      'read logs of clients, relay, broker, database and balancer, and say whether every link works',
    )
    .argument('[files...]', 'files, folders, globs, or - for standard input; gzip is unpacked')
    .option(
      '--source <labels:file>',
      'a file and what it does not say itself (repeatable)',
      collect,
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
    .action(async (names: string[], flags: ReportFlags) => {
      // Loaded only now: help does not wait for it.
      const { runReport } = await import('./run-report.ts')
      process.exitCode = await runReport(io, names, flags)
    })
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}
