import type { CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { VERSION } from '../version.ts'
import { configCommand } from './config.command.ts'
import { daemonCommand } from './daemon.command.ts'
import { omopCommand } from './omop.command.ts'
import { earlierCommand, runCommand } from './run.command.ts'

/** `bunny`: the edge in a hospital, as a daemon and by hand. Rejects with what `printFailure` knows how to show. */
export function bunnyCommand(io: CliIo): Command {
  const command = new Command('bunny')
    .description(
      'Answers questions about how many patients are like this, from a hospital OMOP database.',
    )
    .version(VERSION)
    .showHelpAfterError('(--help says more)')
    .addHelpText(
      'after',
      `
Examples:
  $ bunny daemon                                  poll the relay and answer, until stopped
  $ bunny run --body query.json                   answer one question by hand
  $ bunny run --batch queries.jsonl -o out.jsonl  answer many, on one connection
  $ bunny omop generate --help                    a database to try it on
  $ bunny config check                            the configuration in effect, secrets masked

Configuration is taken from environment variables; bunny config check lists them.`,
    )
  command.addCommand(daemonCommand(io))
  command.addCommand(runCommand(io))
  command.addCommand(omopCommand(io))
  command.addCommand(configCommand(io))
  // `bunny --body FILE`, with no subcommand, is how the Python client is called.
  command.addCommand(earlierCommand(io), { hidden: true, isDefault: true })
  settle(command, io)
  return command
}

/** The parser writes where we are told to, and throws instead of ending the process; subcommands inherit neither. */
function settle(command: Command, io: CliIo): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => void io.stdout.write(text),
    writeErr: (text) => void io.stderr.write(text),
  })
  for (const subcommand of command.commands) settle(subcommand, io)
}
