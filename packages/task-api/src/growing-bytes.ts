const FIRST_LENGTH = 65_536

/**
 * Bytes of which the number is not known in advance. The memory moves when it grows, so that there are never two copies, and
 * none that only a garbage collection frees.
 */
export class GrowingBytes {
  #memory = new ArrayBuffer(FIRST_LENGTH)
  #length = 0

  /** Appends characters of one byte each. */
  append(text: string): void {
    const length = this.#length + text.length
    if (length > this.#memory.byteLength) {
      this.#memory = this.#memory.transfer(Math.max(length, this.#memory.byteLength * 1.5))
    }
    Buffer.from(this.#memory).write(text, this.#length, 'latin1')
    this.#length = length
  }

  /** The bytes, in memory of their own. This object is empty afterwards. */
  toBuffer(): Buffer<ArrayBuffer> {
    const bytes = Buffer.from(this.#memory.transfer(this.#length))
    this.#memory = new ArrayBuffer(FIRST_LENGTH)
    this.#length = 0
    return bytes
  }
}
