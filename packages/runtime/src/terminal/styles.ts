import { styleText } from 'node:util'

import type { OutputStream } from './cli-io.ts'

const NAMES = [
  'bold',
  'dim',
  'italic',
  'underline',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'gray',
] as const

type StyleName = (typeof NAMES)[number]
export type Styles = Readonly<Record<StyleName, (text: string) => string>>

/**
 * Styles for what is written to `stream`: plain text where nobody looks (a pipe, a file), where `NO_COLOR` is set
 * (https://no-color.org), and on a dumb terminal; `FORCE_COLOR` overrides the first.
 */
export function styles(stream: OutputStream, env: NodeJS.ProcessEnv = process.env): Styles {
  const colourful = wantsColour(stream, env)
  const paint = (name: StyleName) => (text: string) =>
    colourful ? styleText(name, text, { validateStream: false }) : text
  const entries = NAMES.map((name) => [name, paint(name)] as const)
  return Object.fromEntries(entries) as Record<StyleName, (text: string) => string>
}

function wantsColour(stream: OutputStream, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}
