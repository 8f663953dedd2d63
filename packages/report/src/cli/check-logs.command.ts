import type { CliIo } from '@warren/runtime/cli'
import { Command } from 'commander'
import type { CheckFlags } from './run-check-logs.ts'

/** `report check-logs FILE…`: lists what the logs are and what is missing for a proof. Sets the exit code of the process. */
export function checkLogsCommand(io: CliIo): Command {
  return new Command('check-logs')
    .description('list what the logs are, what is missing, and how to collect it')
    .argument('<files...>', 'files, folders or globs; gzip is unpacked')
    .option('--source <labels:file>', 'a file with its component and cluster (repeatable)', collect)
    .option('--tz <zone>', 'time zone for lines without one: UTC, +01:00, Europe/London')
    .option('--date <date>', 'start date for lines without a date')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Of large files, only the beginning and the end are read.

Example:
  warren report check-logs logs/

Exit codes: 0 nothing is missing, 2 something that a proof needs is missing,
64 invalid usage.`,
    )
    .action(async (names: string[], flags: CheckFlags) => {
      const { runCheckLogs } = await import('./run-check-logs.ts')
      process.exitCode = await runCheckLogs(io, names, flags)
    })
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}
