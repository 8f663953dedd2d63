import { parseDate, parseTimestamp } from './cdm-date.ts'
import type { CdmType } from './cdm-tables.ts'
import type { CdmValue } from './row-batch.ts'

/** What a reader returns for a text it does not understand. */
export const UNREADABLE = Symbol('unreadable')

/** Reads the text of one field, which is not empty. */
export type FieldReader = (text: string) => CdmValue | typeof UNREADABLE

/** The end of "expected …" in the message to a person. Never followed by the text itself: it may be a patient's. */
export const EXPECTED: Readonly<Record<CdmType, string>> = {
  id: 'a whole number',
  concept: 'a whole number up to 2147483647',
  integer: 'a whole number up to 2147483647',
  number: 'a number with a decimal point',
  date: 'a date like 2015-01-06 or 20150106',
  timestamp: 'a date like 2015-01-06, with or without a time like 10:20:30',
  text: 'text without NUL characters',
}

const MAX_INT32 = 2_147_483_647n
const MAX_INT64 = 9_223_372_036_854_775_807n

/** Days repeat a lot: with this many remembered, a column of dates is read by looking them up. */
const MAX_CACHED_DAYS = 50_000

/** A reader for columns of a type. It may remember texts it has seen, so each file gets its own. */
export function fieldReader(type: CdmType): FieldReader {
  switch (type) {
    case 'id':
      return (text) => parseWhole(text, MAX_INT64)
    case 'concept':
    case 'integer':
      return (text) => parseWhole(text, MAX_INT32)
    case 'number':
      return parseDecimal
    case 'date':
      return caching(parseDate)
    case 'timestamp':
      return caching(parseTimestamp)
    case 'text':
      return (text) => (text.includes('\0') ? UNREADABLE : text)
    default:
      return type satisfies never
  }
}

/** `8507`, and `8507.0` as spreadsheets and data frames with gaps write it. */
function parseWhole(text: string, max: bigint): number | bigint | typeof UNREADABLE {
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9 || i > 8) return parseLongWhole(text, max)
    value = value * 10 + digit
  }
  return value
}

function parseLongWhole(text: string, max: bigint): number | bigint | typeof UNREADABLE {
  const digits = /^\s*([+-]?\d{1,19})(?:\.0*)?\s*$/.exec(text)?.[1]
  if (digits === undefined) return UNREADABLE
  const value = BigInt(digits.replace(/^\+/, ''))
  if (value > max || value < -max) return UNREADABLE
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function parseDecimal(text: string): number | typeof UNREADABLE {
  if (!/^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(text)) return UNREADABLE
  const value = Number(text)
  return Number.isFinite(value) ? value : UNREADABLE
}

function caching(parse: (text: string) => number | undefined): FieldReader {
  const known = new Map<string, number>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const value = parse(text.trim())
    if (value === undefined) return UNREADABLE
    if (known.size < MAX_CACHED_DAYS) known.set(text, value)
    return value
  }
}
