import type { CliIo } from '@warren/runtime/cli'
import { Command } from 'commander'

import { VERSION } from './version.ts'

/** Each room's command, loaded when it is asked for: none has to wait for the drivers and frameworks of the others. */
const COMMANDS = new Map<string, (io: CliIo) => Promise<Command>>([
  ['demo', async (io) => (await import('./demo/demo.command.ts')).demoCommand(io)],
  ['bunny', async (io) => (await import('@warren/bunny')).bunnyCommand(io)],
  ['relay', async (io) => (await import('@warren/relay')).relayCommand(io)],
  ['upstream', async (io) => (await import('@warren/upstream')).upstreamCommand(io)],
  ['report', async (io) => (await import('@warren/report/cli')).reportCommand(io)],
])

const HELP = `
Try it:
  warren demo                       a whole network in this terminal
  warren bunny run --help           answer one question from an OMOP database
  warren relay users add northgate  a login for a hospital
  warren report logs/               is the network healthy, and who must act if not

Exit codes: 0 well, 1 failed or found something, 2 could not tell, 64 wrong usage,
65 bad data, 69 something needed is not there, 78 wrong configuration.
`

/**
 * The command line. Parsing errors throw instead of ending the process.
 * @param asked first word after the program's name: where it is a command, the others are left out
 */
export async function buildProgram(io: CliIo, asked?: string): Promise<Command> {
  const program = new Command('warren')
    .description(
      'Cohort discovery across hospitals: the edge, the hub, and what is wrong between them',
    )
    .version(VERSION)
    .showHelpAfterError('(--help says more)')
    .addHelpText('after', HELP)
  const only = COMMANDS.get(asked ?? '')
  const wanted = only === undefined ? [...COMMANDS.values()] : [only]
  for (const command of await Promise.all(wanted.map((load) => load(io))))
    program.addCommand(command)
  quiet(program, io)
  return program
}

/** Subcommands do not inherit these. */
function quiet(command: Command, io: CliIo): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
  })
  for (const child of command.commands) quiet(child, io)
}
