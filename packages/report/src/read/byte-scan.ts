/**
 * Reads text without creating strings. Log lines stay bytes until one is quoted: a string per line would cost more than all other
 * work on the line.
 */

/** ASCII text as bytes, for comparisons. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export function startsWith(buf: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  const length = word.length
  if (at + length > end) return false
  for (let i = 0; i < length; i++) if (buf[at + i] !== word[i]) return false
  return true
}

/** Position of `word` in [from, end), or -1. For short ranges; unlike `Buffer.indexOf` it stops at `end`. */
export function find(buf: Uint8Array, from: number, end: number, word: Uint8Array): number {
  const first = word[0]
  const last = end - word.length
  for (let at = from; at <= last; at++) {
    if (buf[at] === first && startsWith(buf, at, end, word)) return at
  }
  return -1
}

/** Position of one byte in [from, end), or -1. */
export function findByte(buf: Uint8Array, from: number, end: number, byte: number): number {
  for (let at = from; at < end; at++) if (buf[at] === byte) return at
  return -1
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57
}

/** Two digits, or -1. */
export function twoDigits(buf: Uint8Array, at: number): number {
  const tens = (buf[at] ?? 0) - 48
  const ones = (buf[at + 1] ?? 0) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

/**
 * A decimal number at `at` with optional sign and fraction, up to the first other byte; NaN if there is none. Thousands separators
 * are skipped (.NET logs `1,204ms`). `numberEnd()` returns where the last number ended.
 */
export function readNumber(buf: Uint8Array, at: number, end: number): number {
  let position = at
  let negative = false
  if (buf[position] === 45 && position < end) {
    negative = true
    position++
  }
  let value = 0
  let digits = 0
  let scale = 0
  for (; position < end; position++) {
    const byte = buf[position] ?? 0
    if (byte >= 48 && byte <= 57) {
      value = value * 10 + (byte - 48)
      digits++
      if (scale !== 0) scale *= 10
    } else if (byte === 46 && scale === 0 && digits > 0 && isDigit(buf[position + 1])) {
      scale = 1
    } else if (!(byte === 44 && scale === 0 && digits > 0 && isDigit(buf[position + 1]))) {
      break
    }
  }
  lastNumberEnd = position
  if (digits === 0) return Number.NaN
  const magnitude = scale > 1 ? value / scale : value
  return negative ? -magnitude : magnitude
}

let lastNumberEnd = 0

/** Where the number returned by the last `readNumber` ended. */
export function numberEnd(): number {
  return lastNumberEnd
}

/** Bytes as text; invalid UTF-8 becomes U+FFFD. It allocates a string, so use it only for what is kept or shown. */
export function textOf(buf: Buffer, start: number, end: number): string {
  return buf.toString('utf8', start, end)
}

/** 53-bit hash of a byte range (two 32-bit FNV-1a with different seeds), to match IDs without keeping them. */
export function hashBytes(buf: Uint8Array, start: number, end: number): number {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let at = start; at < end; at++) {
    const byte = buf[at] ?? 0
    low = Math.imul(low ^ byte, 0x01000193)
    high = Math.imul(high ^ byte, 0x5bd1e995)
    high ^= high >>> 15
  }
  return (high >>> 0) * 0x200000 + ((low >>> 0) & 0x1fffff)
}
