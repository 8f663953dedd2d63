import { AlternativesFormatError } from './format-error.ts'
import { parseInteger } from './wire-value.ts'

/**
 * Reads `^Male|44^Female|61^` as Male 44, Female 61. Keys that differ only in case are one key, with its
 * first spelling and its last number. A bunny that suppressed everything sends `^`, which is empty.
 * Skips pieces that are not `key|number`, like every reader of this format.
 * @throws AlternativesFormatError if a number is not a whole number of people.
 */
export function decodeAlternatives(text: string): Map<string, number> {
  const decoded = new Map<string, number>()
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.toLowerCase() === 'nan') return decoded
  const spelling = new Map<string, string>()
  for (const piece of trimmed.split('^')) {
    const parts = piece.split('|')
    const [key, number] = parts
    if (parts.length !== 2 || key === undefined) continue
    const count = parseInteger(number)
    if (count === undefined || count < 0) {
      throw new AlternativesFormatError('a number of ALTERNATIVES is not a whole number of people')
    }
    const folded = key.toLowerCase()
    const kept = spelling.get(folded) ?? key
    spelling.set(folded, kept)
    decoded.set(kept, count)
  }
  return decoded
}

/**
 * Writes ALTERNATIVES as readers expect it for the CODE of the row: `SEX` is always Male, then Female
 * (0 if absent, other keys dropped), `GENOMICS` has `No` first, `AGE` has none, and any other code keeps
 * the given order. Without entries the text is "". `^` and `|` inside a key become spaces.
 */
export function encodeAlternatives(
  code: string,
  alternatives: ReadonlyMap<string, number>,
): string {
  const entries = foldKeys(alternatives)
  if (entries.size === 0 || code === 'AGE') return ''
  const count = (key: string): [string, number] => [key, entries.get(key.toLowerCase())?.count ?? 0]
  const rest = [...entries.values()].map(({ key, count }): [string, number] => [key, count])
  if (code === 'SEX') return write([count('Male'), count('Female')])
  if (code === 'GENOMICS') {
    return write([count('No'), ...rest.filter(([key]) => key.toLowerCase() !== 'no')])
  }
  return write(rest)
}

// Adds up keys that are the same on the wire, because a reader would keep only the last of them.
function foldKeys(
  alternatives: ReadonlyMap<string, number>,
): Map<string, { key: string; count: number }> {
  const folded = new Map<string, { key: string; count: number }>()
  for (const [given, count] of alternatives) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError('a number of ALTERNATIVES must be a whole number of people')
    }
    const key = given.replaceAll(/[\^|\t\r\n]+/g, ' ')
    const known = folded.get(key.toLowerCase())
    folded.set(key.toLowerCase(), { key: known?.key ?? key, count: (known?.count ?? 0) + count })
  }
  return folded
}

function write(entries: readonly [string, number][]): string {
  return `^${entries.map(([key, count]) => `${key}|${count}^`).join('')}`
}
