const BITS = 1 << 24
const MASK = BITS - 1
/** Lines that can be remembered reliably; later ones count as new. */
const MAX_LINES = 1_000_000

/**
 * Remembers the lines of earlier logs to recognise copies of a log, and logs that overlap because the log was collected twice. It
 * takes 4 MB, so about one in several hundred lines of a time seen before may be mistaken for a copy.
 */
export class LineMemory {
  readonly #earlier = new Uint8Array(BITS / 8)
  readonly #current = new Uint8Array(BITS / 8)
  #log = ''
  #lines = 0
  #last = Number.NEGATIVE_INFINITY
  #lastEarlier = Number.NEGATIVE_INFINITY

  /**
   * The line [start, end) was in an earlier log; if not, it is remembered. Repetitions within one log do not count.
   * @param log the source and its file: one file may contain several logs
   */
  isRepeated(log: string, time: number, buf: Buffer, start: number, end: number): boolean {
    if (log !== this.#log) this.#begin(log)
    let a = 0x811c9dc5 ^ Math.trunc(time / 1000)
    let b = 0x01000193 ^ (time % 1000)
    for (let at = start; at < end; at++) {
      const byte = buf[at] ?? 0
      a = Math.imul(a ^ byte, 0x01000193)
      b = Math.imul(b ^ byte, 0x5bd1e995)
    }
    a ^= a >>> 15
    b ^= b >>> 13
    const places = [a & MASK, b & MASK, (a + Math.imul(b, 31)) & MASK]
    if (time <= this.#lastEarlier && places.every((place) => isSet(this.#earlier, place)))
      return true
    if (this.#lines++ < MAX_LINES) for (const place of places) set(this.#current, place)
    this.#last = Math.max(this.#last, time)
    return false
  }

  #begin(log: string): void {
    this.#log = log
    this.#lastEarlier = Math.max(this.#lastEarlier, this.#last)
    this.#earlier.forEach((bits, at) => (this.#earlier[at] = bits | (this.#current[at] ?? 0)))
    this.#current.fill(0)
  }
}

function isSet(bits: Uint8Array, place: number): boolean {
  return ((bits[place >>> 3] ?? 0) & (1 << (place & 7))) !== 0
}

function set(bits: Uint8Array, place: number): void {
  bits[place >>> 3] = (bits[place >>> 3] ?? 0) | (1 << (place & 7))
}
