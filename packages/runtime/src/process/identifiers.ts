import { randomBytes } from 'node:crypto'

/** Identifies one HTTP exchange in the logs of both sides: 16 hexadecimal digits. */
export function newRequestId(): string {
  return randomBytes(8).toString('hex')
}

let lastMs = 0
let sequence = 0

/**
 * A UUID of version 7 (RFC 9562): begins with the time in milliseconds, so that keys made one after the other by
 * this process sort in that order, also within a millisecond and when the clock is set back.
 */
export function newUuid(now: () => number = Date.now): string {
  const ms = now()
  const bytes = randomBytes(16)
  if (ms > lastMs) {
    lastMs = ms
    // Half of the counter's room is left free, so it seldom runs over within one millisecond.
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
