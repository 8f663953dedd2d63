import type { ReportFlags } from './report-flags.ts'
import { bindCommand, type CliIo } from '@warren/runtime/cli'
import { Command, Option } from 'commander'
import { checkLogsCommand } from './check-logs.command.ts'
import { FAIL_ON } from './exit-code.ts'
import { QUOTE_MODES } from '../vocabulary/quotes/quote-mode.ts'
import { OUTPUT_FORMATS } from './output-format.ts'

/** `report FILE…`: reports which links work, according to the logs. Sets the exit code of the process. */
export function reportCommand(io: CliIo): Command {
  const command = new Command('report')
    .description('read the logs of every component and report which links work')
    .argument('[files...]', 'files, folders or globs, or - for standard input; gzip is unpacked')
    .option('--source <labels:file>', 'a file with its component and cluster (repeatable)', collect)
    .option('--since <time>', 'ignore lines before this time')
    .option('--until <time>', 'ignore lines after this time')
    .option('--tz <zone>', 'time zone for lines without one: UTC, +01:00, Europe/London')
    .option('--date <date>', 'start date for lines without a date')
    .option('--expect <file>', 'file with the names of the expected clients, one per line')
    .option('--against <earlier>', 'compare with an earlier report (JSON) or with earlier logs')
    .option('--since-fix <time>', 'compare the lines from this time on with those before it')
    .addOption(new Option('--format <format>', 'format of the report').choices(OUTPUT_FORMATS))
    .option('--output <file>', 'write the report to this file; the extension sets the format')
    .addOption(
      new Option('--fail-on <level>', 'lowest level that gives a non-zero exit code')
        .choices(FAIL_ON)
        .default('unknown'),
    )
    .option('--follow', 'show a live view of growing files')
    .addOption(
      new Option(
        '--quote <mode>',
        'known: quote only words and values of known log lines; full: quote whole lines, for your own eyes',
      )
        .choices(QUOTE_MODES)
        .default('known'),
    )
    .option('--quiet', 'do not list the detected file formats')
    .option('--schema', 'print the JSON Schema of --format json')
    .addCommand(checkLogsCommand(io))
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  All files in a folder; its subfolders name the clusters:
    warren report logs/
  Write a page:
    warren report relay.log bunny.log rabbit.log.gz --output report.html
  Label a file that does not name its component:
    warren report --source component=bunny,cluster=site-a:a.log relay.log
  Read from a pipe:
    kubectl logs --prefix --timestamps -l app=relay | warren report -
  Watch a log:
    warren report relay.log --follow
  Check whether the failures of an earlier report are gone:
    warren report logs-monday/ --output monday.json
    warren report logs-tuesday/ --against monday.json
  The same within one set of logs, before and after a fix:
    warren report logs/ --since-fix 2025-09-26T07:30

Exit codes: 0 healthy, 1 problems found, 2 not enough evidence,
64 invalid usage. With --against or --since-fix: 0 every earlier failure
is gone and none is new, 1 a failure still occurs, came back or is new,
2 not enough evidence, 64 invalid usage.`,
    )
    .action(async (names: string[], flags: ReportFlags) => {
      // Loaded here, so that --help starts fast.
      const { runReport } = await import('./run-report.ts')
      process.exitCode = await runReport(io, names, flags)
    })
  bindCommand(command, io)
  return command
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}
