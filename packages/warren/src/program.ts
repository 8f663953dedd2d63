import { bindCommand, type CliIo } from '@warren/runtime/cli'
import { Command } from 'commander'

import { VERSION } from './version.ts'

/** One command per package, imported only when it is called, so that no command waits for the libraries of another. */
const COMMANDS = new Map<string, (io: CliIo) => Promise<Command>>([
  ['demo', async (io) => (await import('./demo/demo.command.ts')).demoCommand(io)],
  [
    'bunny',
    async (io) => (await import('@warren/bunny')).bunnyCommand(io).addCommand(await omop(io)),
  ],
  ['omop', omop],
  ['relay', async (io) => (await import('@warren/relay')).relayCommand(io)],
  ['upstream', async (io) => (await import('@warren/upstream')).upstreamCommand(io)],
  ['report', async (io) => (await import('@warren/report/cli')).reportCommand(io)],
])

async function omop(io: CliIo): Promise<Command> {
  return (await import('@warren/omop')).omopCommand(io)
}

const HELP = `
Examples:
  warren demo                       run a whole network in this terminal
  warren bunny run --help           answer one task from an OMOP database
  warren relay users add northgate  create credentials for a site
  warren report logs/               check the network's health from its logs

Exit codes: 0 success, 1 failed or problems found, 2 not enough evidence,
64 invalid usage, 65 invalid data, 69 service unavailable, 78 invalid configuration.
`

/**
 * The command line. Parsing errors throw instead of ending the process.
 * @param called first word after the program's name: if it is a command, only this command is loaded
 */
export async function buildProgram(io: CliIo, called?: string): Promise<Command> {
  const program = new Command('warren')
    .description(
      'Count patients across hospitals: run a site, run a relay, and diagnose the network',
    )
    .version(VERSION)
    .addHelpText('after', HELP)
  const only = COMMANDS.get(called ?? '')
  const loaded = only === undefined ? [...COMMANDS.values()] : [only]
  for (const command of await Promise.all(loaded.map((load) => load(io))))
    program.addCommand(command)
  bindCommand(program, io)
  return program
}
