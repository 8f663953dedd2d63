const ESCAPE = 27
const BRACKET = 91
/** The escape character in JSON. */
const IN_JSON = /\\u001b\[/i

/** The bytes contain terminal colour sequences, raw or escaped in JSON. */
export function isColoured(head: Buffer): boolean {
  return head.includes('\u001b[') || IN_JSON.test(head.toString('latin1'))
}

/** Copies [start, end) without terminal colour sequences (`ESC [ … letter`) and returns the length. `into` may be `buf`, from 0. */
export function copyWithoutColours(buf: Buffer, start: number, end: number, into: Buffer): number {
  let length = 0
  for (let at = start; at < end && length < into.length; at++) {
    const byte = buf[at] ?? 0
    if (byte !== ESCAPE) {
      into[length++] = byte
      continue
    }
    if (buf[at + 1] !== BRACKET) continue
    at += 2
    while (at < end && !isFinal(buf[at] ?? 0)) at++
  }
  return length
}

function isFinal(byte: number): boolean {
  return byte >= 0x40 && byte <= 0x7e
}
