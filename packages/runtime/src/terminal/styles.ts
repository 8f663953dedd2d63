import { styleText } from 'node:util'

import type { OutputStream } from './output-stream.ts'

type Paint = (text: string) => string

/** Styles by name; each returns its text styled, or unchanged where there are no styles. */
export interface Styles {
  readonly bold: Paint
  readonly dim: Paint
  readonly italic: Paint
  readonly underline: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
  readonly blue: Paint
  readonly magenta: Paint
  readonly cyan: Paint
  readonly gray: Paint
}

/**
 * Styles for `stream`: plain text in a pipe or a file, where `NO_COLOR` is set (https://no-color.org), and on a dumb
 * terminal. `FORCE_COLOR` adds colours to a pipe or a file.
 */
export function styles(stream: OutputStream, env: NodeJS.ProcessEnv = process.env): Styles {
  const coloured = hasColour(stream, env)
  const paint =
    (name: keyof Styles): Paint =>
    (text) =>
      coloured ? styleText(name, text, { validateStream: false }) : text
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    italic: paint('italic'),
    underline: paint('underline'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    blue: paint('blue'),
    magenta: paint('magenta'),
    cyan: paint('cyan'),
    gray: paint('gray'),
  }
}

function hasColour(stream: OutputStream, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}
