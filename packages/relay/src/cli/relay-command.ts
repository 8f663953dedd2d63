import { bindCommand, type CliIo, maskedConfig, writeTable } from '@warren/runtime'
import { Command, Option } from 'commander'
import { ineffectiveVariables } from '../config/dotnet-variables.ts'
import { loadRelayConfig, relayConfig } from '../config/relay-config.ts'
import { RELAY_VERSION } from '../version.ts'
import { withStore } from './command-store.ts'
import { addBackupCommands } from './backup.commands.ts'
import { addImportCommand } from './import.command.ts'
import { addNodeCommands } from './nodes.commands.ts'
import { serve } from './serve.command.ts'
import { addStatusCommand } from './status.command.ts'
import { addTaskCommands } from './tasks.commands.ts'
import { addUserCommands } from './users.commands.ts'

/** The command line of the relay. It writes to `given` only, and throws instead of ending the process. */
export function relayCommand(given: CliIo): Command {
  // An option may replace a variable.
  const env = { ...given.env }
  const io = { ...given, env }
  const relay = new Command('relay')
    .description('run the relay: send each task to every node, combine the results, submit one')
    .version(RELAY_VERSION)
    .showSuggestionAfterError()
    .option('--connection-string <store>', 'database, instead of RELAY_STORE')
    .addOption(
      new Option(
        '-e, --environment <name>',
        'has no effect; accepted for existing scripts',
      ).hideHelp(),
    )
    .hook('preAction', () => {
      const { connectionString, environment } = relay.opts<GlobalFlags>()
      if (connectionString !== undefined) setStore(env, connectionString)
      if (environment === undefined) return
      io.stderr.write(
        'note: --environment has no effect: no settings file is read. Set environment variables: see docs/configuration.md\n',
      )
    })
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
  addBackupCommands(relay, io)

  const config = relay.command('config').description('check the configuration')
  config
    .command('check')
    .description('print the effective configuration with secrets masked, or list all its problems')
    .option('--json', 'print a JSON object')
    .action((options: { json?: boolean }) => {
      const shown = maskedConfig(relayConfig, loadRelayConfig(io.env))
      if (options.json === true) io.stdout.write(`${JSON.stringify(shown, null, 2)}\n`)
      else writeTable(io, Object.entries(shown), { head: ['Variable', 'Value'] })
      for (const { name, detail, hint } of ineffectiveVariables(io.env)) {
        io.stderr.write(`note: ${name}: ${detail}. ${hint}\n`)
      }
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

interface GlobalFlags {
  readonly connectionString?: string
  readonly environment?: string
}

function setStore(env: NodeJS.ProcessEnv, store: string): void {
  for (const name of Object.keys(env)) {
    if (/^(?:RELAY_STORE|ConnectionStrings(?:__|:)Default)(?:_FILE)?$/i.test(name)) delete env[name]
  }
  env['RELAY_STORE'] = store
}
