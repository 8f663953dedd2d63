import { parseDate, parseTimestamp } from './cdm-date.ts'
import type { CdmType } from '@warren/cdm'
import type { CdmValue } from './row-batch.ts'

/** The result of a reader for an invalid text. */
export const UNREADABLE = Symbol('unreadable')

/** Reads the text of a field that is not empty. */
export type FieldReader = (text: string) => CdmValue | typeof UNREADABLE

/** The end of the message "expected …". It never contains the text, which may be data of a patient. */
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

/** Days repeat often, so most dates are found in a cache of this size. */
const MAX_CACHED_DAYS = 50_000

/** A reader for columns of a type. It may cache values, so each file has its own. */
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

/** `8507`, and also `8507.0`, as spreadsheets and data frames with missing values write it, and `1e+05`, as R does. */
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
  const digits = /^\s*([+-]?\d{1,19})(?:\.0*)?\s*$/.exec(text)?.[1] ?? digitsOfR(text)
  if (digits === undefined) return UNREADABLE
  const value = BigInt(digits.replace(/^\+/, ''))
  if (value > max || value < -max) return UNREADABLE
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** R writes 100000 as `1e+05`, with every digit that is not 0. Excel writes an E, and drops digits. */
function digitsOfR(text: string): string | undefined {
  const match = /^\s*(\d)(?:\.(\d+))?e\+(\d\d)\s*$/.exec(text)
  const fraction = match?.[2] ?? ''
  const exponent = Number(match?.[3])
  if (match?.[1] === undefined || fraction.length > exponent || exponent > 18) return undefined
  return match[1] + fraction.padEnd(exponent, '0')
}

function parseDecimal(text: string): number | typeof UNREADABLE {
  if (!/^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(text)) return UNREADABLE
  const value = Number(text)
  return Number.isFinite(value) ? value : UNREADABLE
}

function caching(parse: (text: string) => number | undefined): FieldReader {
  const cache = new Map<string, number>()
  return (text) => {
    const cached = cache.get(text)
    if (cached !== undefined) return cached
    const value = parse(text.trim())
    if (value === undefined) return UNREADABLE
    if (cache.size < MAX_CACHED_DAYS) cache.set(text, value)
    return value
  }
}
