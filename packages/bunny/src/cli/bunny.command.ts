import { bindCommand, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { VERSION } from '../version.ts'
import { configCommand } from './config.command.ts'
import { daemonCommand } from './daemon.command.ts'
import { omopCommand } from './omop.command.ts'
import { pythonCommand, runCommand } from './run.command.ts'

/** `bunny`: the edge in a hospital, as a daemon and by hand. Rejects with what `printFailure` knows how to show. */
export function bunnyCommand(io: CliIo): Command {
  const command = new Command('bunny')
    .description('answer questions from an OMOP database')
    .version(VERSION)
    .showHelpAfterError('(--help says more)')
    .addHelpText(
      'after',
      `
Examples:
  warren bunny daemon                                  poll the relay and answer, until stopped
  warren bunny run --body query.json                   answer one question by hand
  warren bunny run --batch queries.jsonl -o out.jsonl  answer many, on one connection
  warren bunny omop generate --help                    a database to try it on
  warren bunny config check                            the configuration in effect, secrets masked

Configuration is by environment variables; warren bunny config check names them all.`,
    )
  command.addCommand(daemonCommand(io))
  command.addCommand(runCommand(io))
  command.addCommand(omopCommand(io))
  command.addCommand(configCommand(io))
  // `bunny --body FILE`, with no subcommand, is how the Python client is called.
  command.addCommand(pythonCommand(io), { hidden: true, isDefault: true })
  bindCommand(command, io)
  return command
}
