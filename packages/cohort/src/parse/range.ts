import type { Range } from '../tree/cohort.ts'
import { parseNumber, splitDottedRange } from './number-text.ts'
import { quoted } from './problem-list.ts'

/** The bounds that an upstream sends for an open side. */
const OPEN_LOW = -1_000_000_000
const OPEN_HIGH = 1_000_000_000

/** Beyond every age and every number of time units. */
const MAX_WHOLE = 1_000_000_000

export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string }

/**
 * Reads `LOW|HIGH` or `LOW..HIGH`. A side that is `null` or, next to a bar, empty is open.
 * The order of the bounds is not checked here, because an inverted age today is valid: it matches no one.
 */
export function parseRange(text: string): Parsed<Range> {
  const sides = text.includes('|') ? text.split('|') : splitDottedRange(text)
  const [low, high] = sides ?? []
  if (low === undefined || high === undefined || sides?.length !== 2) {
    return invalid(
      `${quoted(text)} is not a range: write LOW|HIGH or LOW..HIGH, and null for an open side`,
    )
  }
  return parseBounds(low, high)
}

/** Reads the two bounds of a range. */
export function parseBounds(lowText: string, highText: string): Parsed<Range> {
  const low = parseSide(lowText)
  const high = parseSide(highText)
  if (low === undefined || high === undefined) {
    const wrong = low === undefined ? lowText : highText
    return invalid(`${quoted(wrong)} is not a number: write digits, with a decimal point if needed`)
  }
  return {
    ok: true,
    value: { low: low === OPEN_LOW ? null : low, high: high === OPEN_HIGH ? null : high },
  }
}

/** Ages and times are counted in whole units. */
export function requireWhole(range: Range): Parsed<Range> {
  for (const bound of [range.low, range.high]) {
    if (bound === null) continue
    if (!Number.isInteger(bound)) {
      return invalid(`${bound} is not a whole number: ages and times are counted in whole units`)
    }
    if (Math.abs(bound) > MAX_WHOLE) {
      return invalid(`${bound} is out of range: the limit is ${MAX_WHOLE}`)
    }
  }
  return { ok: true, value: range }
}

export function isOpen(range: Range): boolean {
  return range.low === null && range.high === null
}

export function isInverted(range: Range): boolean {
  return range.low !== null && range.high !== null && range.low > range.high
}

export function invalid(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message }
}

/** `null` is an open side, `undefined` an invalid one. */
function parseSide(text: string): number | null | undefined {
  const trimmed = text.trim()
  return trimmed === '' || trimmed.toLowerCase() === 'null' ? null : parseNumber(trimmed)
}
