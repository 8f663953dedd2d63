import type { Command, Help } from 'commander'

import type { CliIo } from './cli-io.ts'
import type { OutputStream } from './output-stream.ts'
import { columnsOf } from './columns.ts'
import { fitHelp } from './fit-help.ts'
import { asInvoked } from './invocation.ts'
import { displayWidth, longestWord, wrapWords } from './text-width.ts'

/** Longer lines are hard to read, however wide the terminal is. */
const MAX_COLUMNS = 100
/** A narrower description goes below its term. */
const MIN_DESCRIPTION_WIDTH = 24
const STACKED_INDENT = ' '.repeat(6)

/**
 * Makes a command and its subcommands write to `io` only, throw instead of ending the process, and fit their help to
 * the terminal. Call it once all subcommands are added: they do not inherit any of this.
 */
export function bindCommand(command: Command, io: CliIo): void {
  const width = (stream: OutputStream): number => Math.min(columnsOf(stream, io.env), MAX_COLUMNS)
  const write = (stream: OutputStream, text: string): void => {
    stream.write(fitHelp(asInvoked(text, io.invocation), width(stream)))
  }
  command
    .exitOverride()
    .showHelpAfterError(`hint: Run ${pathOf(command)} --help for usage.`)
    .configureOutput({
      writeOut: (text) => write(io.stdout, text),
      writeErr: (text) => write(io.stderr, text),
      // In a pipe an error stays on one line, for scripts.
      outputError: (text) => {
        if (io.stderr.isTTY === true) write(io.stderr, text)
        else io.stderr.write(text)
      },
      getOutHelpWidth: () => width(io.stdout),
      getErrHelpWidth: () => width(io.stderr),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ formatItem })
  for (const child of command.commands) bindCommand(child, io)
}

/** The names of a command and its parents: `warren relay users`. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

/** A term of a help screen and its description: in two columns, or with the description below a wide term. */
function formatItem(this: Help, term: string, termWidth: number, description: string): string {
  if (description === '') return `  ${term}`
  const width = this.helpWidth ?? MAX_COLUMNS
  const available = width - termWidth - 4
  if (available < MIN_DESCRIPTION_WIDTH || longestWord(description) > available) {
    const lines = wrapWords(description, width, { first: STACKED_INDENT, rest: STACKED_INDENT })
    return [`  ${term}`, ...lines].join('\n')
  }
  const first = `  ${term}${' '.repeat(termWidth - displayWidth(term))}  `
  return wrapWords(description, width, { first, rest: ' '.repeat(termWidth + 4) }).join('\n')
}
