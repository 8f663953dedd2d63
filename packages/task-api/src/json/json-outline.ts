import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'

const QUOTE = 0x22
const BACKSLASH = 0x5c
// The longest escape sequence, such as \u00e9.
const ESCAPE_LENGTH = 6
// Bytes of a string that are kept. Names, numbers and words of the wire format are shorter.
const MAX_KEPT = 1_024
// Longer strings stay bytes in `parseJsonWithBytes`.
const MAX_TEXT = 65_536
// Bytes of a longer string that are checked at a time.
const PIECE = 65_536

/**
 * Parses JSON in which only the structure and the short strings matter. Every string of more than 1,024 bytes is checked
 * and replaced by `…`. The text of a file of 30 MB would take 60 MB as a string, several times, until it is collected.
 * @throws SyntaxError if the bytes are not JSON in UTF-8, exactly as `JSON.parse` would.
 */
export function parseJsonOutline(bytes: Buffer): unknown {
  return parseWithout(bytes, MAX_KEPT, () => '…')
}

export interface JsonWithBytes {
  /** Long strings are replaced by placeholders, which no text from outside can contain. */
  readonly value: unknown
  /** The text of a string that was replaced, in UTF-8. Undefined for any other string. */
  readonly bytesOf: (placeholder: string) => Buffer | undefined
}

// Not known outside of this process.
const PLACEHOLDER = `${randomUUID()}:`

/**
 * Parses JSON without making strings of its long texts: every string of more than 65,536 bytes is checked and stays part of
 * `bytes`. Escape sequences in it are resolved there, so `bytes` changes and must not be used otherwise.
 * @throws SyntaxError if the bytes are not JSON in UTF-8, exactly as `JSON.parse` would.
 */
export function parseJsonWithBytes(bytes: Buffer): JsonWithBytes {
  const texts: Buffer[] = []
  const value = parseWithout(bytes, MAX_TEXT, (text) => {
    texts.push(text)
    return `${PLACEHOLDER}${texts.length - 1}`
  })
  const resolved = new Map<string, Buffer>()
  return {
    value,
    bytesOf(placeholder) {
      if (!placeholder.startsWith(PLACEHOLDER)) return undefined
      const text = texts[Number(placeholder.slice(PLACEHOLDER.length))]
      if (text === undefined) return undefined
      const known = resolved.get(placeholder) ?? resolveEscapes(text)
      resolved.set(placeholder, known)
      return known
    },
  }
}

function parseWithout(
  bytes: Buffer,
  maxLength: number,
  replace: (text: Buffer) => string,
): unknown {
  if (!isUtf8(bytes)) throw new SyntaxError('not UTF-8')
  const kept: string[] = []
  let from = 0
  let start = stringStart(bytes, 0)
  while (start !== -1) {
    const end = stringEnd(bytes, start)
    if (end === -1) break
    if (end - start > maxLength) {
      checkString(bytes, start, end)
      kept.push(bytes.toString('utf8', from, start), replace(bytes.subarray(start, end)))
      from = end
    }
    start = stringStart(bytes, end + 1)
  }
  kept.push(bytes.toString('utf8', from))
  return JSON.parse(kept.join(''))
}

/** The first byte inside the next string; -1 if there is none. */
function stringStart(bytes: Buffer, from: number): number {
  const quote = bytes.indexOf(QUOTE, from)
  return quote === -1 ? -1 : quote + 1
}

/** The closing quote of the string that begins at `start`; -1 if there is none. */
function stringEnd(bytes: Buffer, start: number): number {
  // Base64 contains no quotes, so this finds the end. A search for each of 15 million escaped quotes would take a second.
  const quote = bytes.indexOf(QUOTE, start)
  if (quote === -1 || quote === start || bytes[quote - 1] !== BACKSLASH) return quote
  for (let index = start; index < bytes.length; index++) {
    const byte = bytes[index]
    if (byte === QUOTE) return index
    if (byte === BACKSLASH) index++
  }
  return -1
}

/** Leaves the check to `JSON.parse`, in pieces that do not cut an escape sequence. Beyond ASCII, every byte is allowed. */
function checkString(bytes: Buffer, start: number, end: number): void {
  let from = start
  while (from < end) {
    const to = from + PIECE < end ? beforeEscape(bytes, from, from + PIECE) : end
    JSON.parse(`"${bytes.toString('latin1', from, to)}"`)
    from = to
  }
}

/** Resolves escape sequences in place: no character is longer than its escape sequence. The text was checked. */
function resolveEscapes(text: Buffer): Buffer {
  if (!text.includes(BACKSLASH)) return text
  let from = 0
  let length = 0
  let half = ''
  while (from < text.length) {
    const isLast = from + PIECE >= text.length
    const to = isLast ? text.length : beforeCharacter(text, beforeEscape(text, from, from + PIECE))
    const piece: string = half + JSON.parse(`"${text.toString('utf8', from, to)}"`)
    // The other half of a surrogate pair may be the next escape sequence.
    half = isLast ? '' : (/[\uD800-\uDBFF]$/.exec(piece)?.[0] ?? '')
    length += text.write(piece.slice(0, piece.length - half.length), length, 'utf8')
    from = to
  }
  return text.subarray(0, length)
}

/** The last place at or before `to` that is not inside a character of several bytes. */
function beforeCharacter(bytes: Buffer, to: number): number {
  let index = to
  while (((bytes[index] ?? 0) & 0xc0) === 0x80) index--
  return index
}

/** The last place at or before `to` that is not inside an escape sequence. */
function beforeEscape(bytes: Buffer, from: number, to: number): number {
  const last = bytes.subarray(to - ESCAPE_LENGTH, to).lastIndexOf(BACKSLASH)
  if (last === -1) return to
  const backslash = to - ESCAPE_LENGTH + last
  return backslashesBefore(bytes, from, backslash + 1) % 2 === 1 ? backslash : to
}

/** How many backslashes there are directly before `end`. */
function backslashesBefore(bytes: Buffer, from: number, end: number): number {
  let index = end - 1
  while (index >= from && bytes[index] === BACKSLASH) index--
  return end - 1 - index
}
