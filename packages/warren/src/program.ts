import { bunnyCommand } from '@warren/bunny'
import { relayCommand } from '@warren/relay'
import { reportCommand } from '@warren/report'
import type { CliIo } from '@warren/runtime'
import { upstreamCommand } from '@warren/upstream'
import { Command } from 'commander'

import { demoCommand } from './demo/demo.command.ts'
import { VERSION } from './version.ts'

const HELP = `
Try it:
  warren demo                       a whole network in this terminal
  warren bunny run --help           answer one question from an OMOP database
  warren relay users add northgate  a login for a hospital
  warren report logs/               is the network healthy, and who must act if not

Exit codes: 0 well, 1 failed or found something, 2 could not tell, 64 wrong usage,
65 bad data, 69 something needed is not there, 78 wrong configuration.
`

/** The whole command line. Parsing errors throw instead of ending the process. */
export function buildProgram(io: CliIo): Command {
  const program = new Command('warren')
    .description(
      'Cohort discovery across hospitals: the edge, the hub, and what is wrong between them',
    )
    .version(VERSION)
    .showHelpAfterError('(--help says more)')
    .addHelpText('after', HELP)
  program.addCommand(demoCommand(io))
  program.addCommand(bunnyCommand(io))
  program.addCommand(relayCommand(io))
  program.addCommand(upstreamCommand(io))
  program.addCommand(reportCommand(io))
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
