import { isUtf8 } from 'node:buffer'

const QUOTE = 0x22
const BACKSLASH = 0x5c
// The longest escape sequence, such as \u00e9.
const ESCAPE_LENGTH = 6
// Bytes of a string that are kept. Names, numbers and words of the wire format are shorter.
const MAX_KEPT = 1_024
// Bytes of a longer string that are checked at a time.
const PIECE = 65_536

/**
 * Parses JSON in which only the structure and the short strings matter. Every string of more than 1,024 bytes is checked
 * and replaced by `…`. The text of a file of 30 MB would take 60 MB as a string, several times, until it is collected.
 * @throws SyntaxError if the bytes are not JSON in UTF-8, exactly as `JSON.parse` would.
 */
export function parseJsonOutline(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new SyntaxError('not UTF-8')
  const kept: string[] = []
  let from = 0
  let start = stringStart(bytes, 0)
  while (start !== -1) {
    const end = stringEnd(bytes, start)
    if (end === -1) break
    if (end - start > MAX_KEPT) {
      checkString(bytes, start, end)
      kept.push(bytes.toString('utf8', from, start), '…')
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
