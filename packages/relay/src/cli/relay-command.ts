import { type CliIo, formatTable, maskedConfig } from '@warren/runtime'
import { Command } from 'commander'
import { loadRelayConfig, relayConfig } from '../config/relay-config.ts'
import { RELAY_VERSION } from '../version.ts'
import { withStore } from './command-store.ts'
import { serve } from './serve.command.ts'
import { addUserCommands } from './users.commands.ts'

/** The command line of the hub. It writes to `io` only, and throws instead of ending the process. */
export function relayCommand(io: CliIo): Command {
  const relay = new Command('relay')
    .description('the hub: hands every task to every node, adds the answers up, submits one')
    .version(RELAY_VERSION)
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
  warren relay users add site-a                                 a first node, in the file relay.sqlite
  warren relay serve                                            the hub on port 8080
  RELAY_STORE=postgres://relay@db/relay warren relay serve      the same on PostgreSQL
  warren relay config check                                     what would be in force

Configuration is by environment variables; warren relay config check names them all.`,
    )

  relay
    .command('serve')
    .description('run the hub until SIGTERM or Ctrl-C')
    .action(() => serve(io))

  addUserCommands(relay, io)

  const config = relay.command('config').description('the configuration')
  config
    .command('check')
    .description(
      'print the effective configuration with secrets masked, or all that is wrong with it',
    )
    .option('--json', 'print an object')
    .action((options: { json?: boolean }) => {
      const shown = maskedConfig(relayConfig, loadRelayConfig(io.env))
      const text =
        options.json === true
          ? `${JSON.stringify(shown, null, 2)}\n`
          : formatTable(Object.entries(shown), {
              head: ['Variable', 'Value'],
              tty: io.stdout.isTTY === true,
            })
      io.stdout.write(text)
    })

  const database = relay.command('database').description('the store')
  database
    .command('update')
    .description('bring the schema up to date; safe while hubs run and from several places at once')
    .action(async () => {
      await withStore(io, async () => undefined, {
        migrate: true,
        onMigrated: ({ from, to }) => {
          const text =
            from === to ? `The schema is up to date (version ${to}).` : `Schema ${from} -> ${to}.`
          io.stdout.write(`${text}\n`)
        },
      })
    })
  return relay
}
