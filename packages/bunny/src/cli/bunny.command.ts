import { bindCommand, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { VERSION } from '../version.ts'
import { checkCommand } from './check.command.ts'
import { auditCommand } from './audit.command.ts'
import { configCommand } from './config.command.ts'
import { daemonCommand } from './daemon.command.ts'
import { explainCommand } from './explain.command.ts'
import { heldCommand } from './held.command.ts'
import { policyCommand } from './policy.command.ts'
import { pythonCommand, runCommand } from './run.command.ts'

/** The command `bunny`. Rejects with errors for `printFailure`. */
export function bunnyCommand(io: CliIo): Command {
  const command = new Command('bunny')
    .description('answer tasks from an OMOP database')
    .version(VERSION)
    .addHelpText(
      'after',
      `
Examples:
  warren bunny daemon                   poll and answer tasks until stopped
  warren bunny check                    check relay, login, database and state, and say what to do
  warren bunny run --body task.json     answer one task without a relay
  warren bunny run --batch tasks.jsonl  answer many tasks on one connection
  warren bunny explain task.json        print what a task asks, and its SQL
  warren bunny held list                list the questions that wait for approval
  warren bunny audit show               print who asked what, and what left
  warren bunny config check             print the effective configuration

The bunny is configured by environment variables: see docs/configuration.md.`,
    )
  const subcommands = [
    daemonCommand(io),
    checkCommand(io),
    runCommand(io),
    explainCommand(io),
    heldCommand(io),
    auditCommand(io),
    policyCommand(io),
    configCommand(io),
  ]
  for (const subcommand of subcommands) {
    command.addCommand(subcommand.copyInheritedSettings(command))
  }
  // The Python bunny is called without a subcommand: `bunny --body FILE`.
  command.addCommand(pythonCommand(io), { hidden: true, isDefault: true })
  bindCommand(command, io)
  return command
}
