import { bindCommand, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { UPSTREAM_VERSION } from '../version.ts'
import { askCommand } from './ask.command.ts'
import { collectionsCommand } from './collections.command.ts'
import { serveCommand } from './serve.command.ts'

const EXAMPLES = `
Examples:
  warren upstream serve
  warren upstream collections add north
  warren upstream ask men.json`

/** `upstream` with its subcommands. Failures are thrown: see `printFailure` of @warren/runtime. */
export function upstreamCommand(io: CliIo): Command {
  const program = new Command('upstream')
    .description('a Task API server to ask questions of a network with')
    .version(UPSTREAM_VERSION)
    .addHelpText('after', EXAMPLES)
  for (const command of [serveCommand(io), askCommand(io), collectionsCommand(io)]) {
    program.addCommand(command)
  }
  bindCommand(program, io)
  return program
}
