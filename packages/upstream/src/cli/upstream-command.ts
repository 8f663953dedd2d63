import { bindCommand, type CliIo } from '@warren/runtime'
import { Command } from 'commander'
import { UPSTREAM_VERSION } from '../version.ts'
import { askCommand } from './ask.command.ts'
import { collectionsCommand } from './collections.command.ts'
import { questionsCommand } from './questions.command.ts'
import { serveCommand } from './serve.command.ts'

const EXAMPLES = `
Examples:
  warren upstream serve                  run the upstream on 127.0.0.1:8090
  warren upstream collections add north  create credentials for a relay or a bunny
  warren upstream ask men.json           ask a question and wait for the result`

/** `upstream` with its subcommands. Failures are thrown, for `printFailure` of @warren/runtime. */
export function upstreamCommand(io: CliIo): Command {
  const program = new Command('upstream')
    .description('run an upstream, and ask a network questions')
    .version(UPSTREAM_VERSION)
    .addHelpText('after', EXAMPLES)
  for (const command of [serveCommand, askCommand, questionsCommand, collectionsCommand]) {
    program.addCommand(command(io))
  }
  bindCommand(program, io)
  return program
}
