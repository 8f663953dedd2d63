import { textOf } from './byte-scan.ts'

/** Longer texts are not names and are not kept. Bytes. */
const MAX_TEXT_BYTES = 512

/** Maps names in lines (clients, pods, collections, messages) to small numbers without creating a string per line. */
export class Interner {
  readonly #limit: number
  readonly #texts: string[] = []
  readonly #bytes: Uint8Array[] = []
  #table: Int32Array
  /** For each name, the name that followed it last time. Log lines repeat, so it is usually the next one again. */
  readonly #next: number[] = []
  #lastId = 0

  /** @param limit number of names that are kept; later ones get -1, so that a log cannot exhaust the memory. */
  constructor(limit: number) {
    this.#limit = limit
    this.#table = new Int32Array(64).fill(-1)
  }

  get size(): number {
    return this.#texts.length
  }

  /** Number of the name in [start, end): equal for equal bytes; -1 if it is too long or there are already `limit` names. */
  id(buf: Buffer, start: number, end: number): number {
    const expected = this.#next[this.#lastId] ?? -1
    const id = this.#same(expected, buf, start, end) ? expected : this.#search(buf, start, end)
    if (id < 0) return -1
    if (id !== expected) this.#next[this.#lastId] = id
    this.#lastId = id
    return id
  }

  text(id: number): string {
    return this.#texts[id] ?? ''
  }

  #search(buf: Buffer, start: number, end: number): number {
    if (end - start > MAX_TEXT_BYTES) return -1
    let hash = 0x811c9dc5
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (buf[at] ?? 0), 0x01000193)
    const mask = this.#table.length - 1
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const id = this.#table[slot] ?? -1
      if (id < 0) break
      if (this.#same(id, buf, start, end)) return id
      slot = (slot + 1) & mask
    }
    if (this.#texts.length >= this.#limit) return -1
    const id = this.#texts.length
    this.#texts.push(textOf(buf, start, end))
    this.#bytes.push(Uint8Array.prototype.slice.call(buf, start, end))
    this.#table[slot] = id
    if (this.#texts.length * 2 > this.#table.length) this.#grow()
    return id
  }

  #same(id: number, buf: Uint8Array, start: number, end: number): boolean {
    const bytes = this.#bytes[id]
    if (bytes === undefined || bytes.length !== end - start) return false
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buf[start + i]) return false
    return true
  }

  #grow(): void {
    const table = new Int32Array(this.#table.length * 2).fill(-1)
    const mask = table.length - 1
    this.#bytes.forEach((bytes, id) => {
      let hash = 0x811c9dc5
      for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
      let slot = (hash ^ (hash >>> 15)) & mask
      while ((table[slot] ?? -1) >= 0) slot = (slot + 1) & mask
      table[slot] = id
    })
    this.#table = table
  }
}
