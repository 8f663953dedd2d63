import type { Chance } from '../simulation/chance.ts'
import type { PodLine } from '../wrappers/wrapped.ts'
import type { Junk } from './scenario.ts'

/** One in this many lines is followed by junk. */
const EVERY = 60

const FOREIGN = [
  'Defaulted container "relay" out of: relay, istio-proxy, init-db (init)',
  'error: a container name must be specified for pod hub-relay-0, choose one of: [relay istio-proxy]',
  '+ exec dotnet Relay.dll',
  '--- logs rotated ---',
] as const

/** Adds lines that log collectors, terminals and crashes leave in logs. */
export function withJunk(lines: PodLine[], junk: readonly Junk[], chance: Chance): PodLine[] {
  if (junk.length === 0) return lines
  return lines.flatMap((line) => {
    if (chance.whole(1, EVERY) > 1) return [line]
    const kind = junk[chance.whole(0, junk.length - 1)] ?? 'empty lines'
    return [line, { ...line, text: junkText(kind, line.text, chance) }]
  })
}

function byteText(byte: number): string {
  return String.fromCharCode(byte === 10 || byte === 13 ? 0 : byte)
}

function junkText(kind: Junk, text: string, chance: Chance): string {
  switch (kind) {
    case 'empty lines':
      return ''
    case 'binary':
      // Like a memory dump: any byte except a line end.
      return Array.from({ length: 48 }, () => byteText(chance.whole(0, 255))).join('')
    case 'foreign lines':
      return chance.pick(FOREIGN)
    case 'cut lines':
      return text.slice(0, chance.whole(1, 12))
    default:
      return kind satisfies never
  }
}
