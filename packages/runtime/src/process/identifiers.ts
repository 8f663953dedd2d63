import { randomBytes } from 'node:crypto'

const REQUEST_ID_DIGITS = 16
/** A call of the random number generator costs more than everything else about a request ID. */
const IDS_PER_CALL = 256
let digits = ''
let used = 0

/** A new ID for one HTTP exchange, which both sides log: 16 hexadecimal digits. */
export function newRequestId(): string {
  if (used === digits.length) {
    digits = randomBytes((IDS_PER_CALL * REQUEST_ID_DIGITS) / 2).toString('hex')
    used = 0
  }
  used += REQUEST_ID_DIGITS
  return digits.slice(used - REQUEST_ID_DIGITS, used)
}

let lastMs = 0
let sequence = 0

/**
 * A UUID of version 7 (RFC 9562). It starts with the time in milliseconds, so the UUIDs of this process sort in the
 * order of creation, even within a millisecond and after the clock was set back.
 */
export function newUuid(now: () => number = Date.now): string {
  const ms = now()
  const bytes = randomBytes(16)
  if (ms > lastMs) {
    lastMs = ms
    // The counter starts in its lower half, so that it seldom overflows within one millisecond.
    sequence = bytes.readUInt16BE(6) & 0x7ff
  } else {
    sequence += 1
    if (sequence > 0xfff) {
      lastMs += 1
      sequence = 0
    }
  }
  bytes.writeUIntBE(lastMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | sequence, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-')
}
