import { JsonLimitError, type JsonLimits } from './json-limits.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Measures a JSON text chunk by chunk while its bytes arrive, and throws at the first byte beyond a limit. It does not
 * check the syntax: a text within the limits is small enough for `JSON.parse`, whether it is valid or not.
 */
export class JsonGuard {
  readonly #limits: JsonLimits
  #bytes = 0
  #depth = 0
  #values = 1
  #strings = 0
  #numberLength = 0
  #inString = false
  /** The string so far ends in an odd number of backslashes, so the next byte is escaped. */
  #escaped = false

  constructor(limits: JsonLimits) {
    this.#limits = limits
  }

  /** @throws JsonLimitError */
  push(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#limits.maxBytes) throw new JsonLimitError('bytes', this.#limits)
    let index = 0
    while (index < chunk.length) {
      index = this.#inString ? this.#skipString(chunk, index) : this.#scan(chunk, index)
    }
  }

  /** Skips the rest of a string with its closing quote, or the rest of the chunk. Returns the next index. */
  #skipString(chunk: Buffer, start: number): number {
    let from = start
    if (this.#escaped) {
      this.#escaped = false
      from += 1
    }
    for (;;) {
      const quote = chunk.indexOf(QUOTE, from)
      const end = quote === -1 ? chunk.length : quote
      const escaped = backslashesBefore(chunk, from, end) % 2 === 1
      if (quote === -1) {
        this.#escaped = escaped
        return end
      }
      if (!escaped) {
        this.#inString = false
        return end + 1
      }
      from = end + 1
    }
  }

  /** Measures the text up to the next opening quote, or the rest of the chunk. Returns the next index. */
  #scan(chunk: Buffer, start: number): number {
    const { maxDepth, maxValues, maxNumberLength } = this.#limits
    for (let index = start; index < chunk.length; index++) {
      switch (chunk[index] ?? 0) {
        case QUOTE:
          this.#numberLength = 0
          this.#inString = true
          // Each value has at most one name. A text with more strings is not JSON, and parsing it would take long.
          if (++this.#strings > 2 * maxValues) throw new JsonLimitError('values', this.#limits)
          return index + 1
        case OPEN_ARRAY:
        case OPEN_OBJECT:
          this.#numberLength = 0
          if (++this.#depth > maxDepth) throw new JsonLimitError('depth', this.#limits)
          // Counts the first value of the array or object. Commas count the others.
          if (++this.#values > maxValues) throw new JsonLimitError('values', this.#limits)
          break
        case COMMA:
          this.#numberLength = 0
          if (++this.#values > maxValues) throw new JsonLimitError('values', this.#limits)
          break
        case CLOSE_ARRAY:
        case CLOSE_OBJECT:
          this.#numberLength = 0
          this.#depth -= 1
          break
        case 0x20:
        case 0x09:
        case 0x0a:
        case 0x0d:
        case 0x3a:
          this.#numberLength = 0
          break
        default:
          if (++this.#numberLength > maxNumberLength) {
            throw new JsonLimitError('number length', this.#limits)
          }
      }
    }
    return chunk.length
  }
}

function backslashesBefore(chunk: Buffer, from: number, end: number): number {
  let index = end - 1
  while (index >= from && chunk[index] === BACKSLASH) index--
  return end - 1 - index
}

/**
 * Parses JSON from outside, with or without a byte order mark.
 * @throws JsonLimitError if the text is beyond a limit, SyntaxError if it is not JSON.
 */
export function parseBoundedJson(bytes: Buffer, limits: JsonLimits): unknown {
  new JsonGuard(limits).push(bytes)
  return parseGuardedJson(bytes)
}

/** Parses JSON that a `JsonGuard` has accepted. */
export function parseGuardedJson(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''))
}
