import { bindCommand, type CliIo, maskedConfig, writeTable } from '@warren/runtime'
import { Command } from 'commander'
import { loadRelayConfig, relayConfig } from '../config/relay-config.ts'
import { RELAY_VERSION } from '../version.ts'
import { withStore } from './command-store.ts'
import { addImportCommand } from './import.command.ts'
import { addNodeCommands } from './nodes.commands.ts'
import { serve } from './serve.command.ts'
import { addStatusCommand } from './status.command.ts'
import { addTaskCommands } from './tasks.commands.ts'
import { addUserCommands } from './users.commands.ts'

/** The command line of the relay. It writes to `io` only, and throws instead of ending the process. */
export function relayCommand(io: CliIo): Command {
  const relay = new Command('relay')
    .description('run the relay: send each task to every node, combine the results, submit one')
    .version(RELAY_VERSION)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  warren relay users add site-a                              add a site (the database is relay.sqlite)
  warren relay serve                                         run the relay on port 8080
  warren relay status                                        nodes, tasks and upstreams on one screen
  RELAY_STORE=postgres://relay@db/relay warren relay serve   run it on PostgreSQL
  warren relay config check                                  print the effective configuration

The relay is configured by environment variables: see docs/configuration.md.`,
    )

  relay
    .command('serve')
    .description('run the relay until SIGTERM or Ctrl-C')
    .action(() => serve(io))

  addUserCommands(relay, io)
  addNodeCommands(relay, io)
  addTaskCommands(relay, io)
  addStatusCommand(relay, io)
  addImportCommand(relay, io)

  const config = relay.command('config').description('check the configuration')
  config
    .command('check')
    .description('print the effective configuration with secrets masked, or list all its problems')
    .option('--json', 'print a JSON object')
    .action((options: { json?: boolean }) => {
      const shown = maskedConfig(relayConfig, loadRelayConfig(io.env))
      if (options.json === true) io.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
      else writeTable(io, Object.entries(shown), { head: ['Variable', 'Value'] })
    })

  const database = relay.command('database').description('manage the database')
  database
    .command('update')
    .description('update the database schema, also while relays are running')
    .action(async () => {
      await withStore(io, async () => undefined, {
        migrate: true,
        onMigrated: ({ from, to }) => {
          const text =
            from === to
              ? `The schema is up to date (version ${to}).`
              : `Updated the schema from version ${from} to ${to}.`
          io.stdout.write(`${text}\n`)
        },
      })
    })
  bindCommand(relay, io)
  return relay
}
