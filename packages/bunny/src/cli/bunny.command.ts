import type { CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { VERSION } from '../version.ts'
import { configCommand } from './config.command.ts'
import { daemonCommand } from './daemon.command.ts'
import { earlierCommand, runCommand } from './run.command.ts'

/** `bunny`: the edge in a hospital, as a daemon and by hand. Rejects with what `printFailure` knows how to show. */
export function bunnyCommand(io: CliIo): Command {
  const command = new Command('bunny')
    .description(
      'Answers questions about how many patients are like this, from a hospital OMOP database.',
    )
    .version(VERSION)
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .addHelpText(
      'after',
      `
Examples:
  $ bunny daemon                                  poll the relay and answer, until stopped
  $ bunny run --body query.json                   answer one question by hand
  $ bunny run --batch queries.jsonl -o out.jsonl  answer many, on one connection
  $ bunny config check                            the configuration in effect, secrets masked

Configuration is taken from environment variables; bunny config check lists them.`,
    )
  for (const subcommand of [daemonCommand(io), runCommand(io), configCommand(io)]) {
    command.addCommand(subcommand.copyInheritedSettings(command))
  }
  // `bunny --body FILE`, with no subcommand, is how the Python client is called.
  command.addCommand(earlierCommand(io).copyInheritedSettings(command), {
    hidden: true,
    isDefault: true,
  })
  return command
}
