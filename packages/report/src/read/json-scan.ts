const QUOTE = 34
const BACKSLASH = 92

export type JsonKind = 'string' | 'number' | 'object' | 'array' | 'word'

/**
 * Iterates over the members of one JSON object in bytes without creating objects: the fields hold the current member. It reads log
 * lines and does not validate them: a truncated line ends early (`complete` stays false).
 */
export class JsonScan {
  buf: Buffer = Buffer.alloc(0)
  keyStart = 0
  keyEnd = 0
  kind: JsonKind = 'word'
  /** The value is [valueStart, valueEnd): without quotes for a string, with brackets for an object or array. */
  valueStart = 0
  valueEnd = 0
  /** The string contains escapes; see `unescapeJson`. */
  escaped = false
  /** The closing brace was found. */
  complete = false
  /** Position after the closing brace, if complete. */
  after = 0
  #at = 0
  #end = 0

  /** Starts at an opening brace. */
  begin(buf: Buffer, start: number, end: number): boolean {
    this.buf = buf
    this.#at = start + 1
    this.#end = end
    this.complete = false
    return buf[start] === 123
  }

  /** Moves to the next member; false at the end or at invalid JSON. */
  next(): boolean {
    const { buf } = this
    const end = this.#end
    let at = this.#blank(this.#at)
    if (buf[at] === 44) at = this.#blank(at + 1)
    if (at >= end) return false
    if (buf[at] === 125) {
      this.complete = true
      this.after = at + 1
      return false
    }
    if (buf[at] !== QUOTE) return false
    const keyEnd = this.#string(at + 1)
    if (keyEnd < 0) return false
    this.keyStart = at + 1
    this.keyEnd = keyEnd
    at = this.#blank(keyEnd + 1)
    if (buf[at] !== 58) return false
    at = this.#blank(at + 1)
    if (at >= end) return false
    return this.#value(at)
  }

  /** The current key equals `word`. */
  keyIs(word: Uint8Array): boolean {
    const length = word.length
    if (this.keyEnd - this.keyStart !== length) return false
    for (let i = 0; i < length; i++) if (this.buf[this.keyStart + i] !== word[i]) return false
    return true
  }

  #value(at: number): boolean {
    const { buf } = this
    const byte = buf[at] ?? 0
    if (byte === QUOTE) {
      const end = this.#string(at + 1)
      if (end < 0) return false
      this.kind = 'string'
      this.valueStart = at + 1
      this.valueEnd = end
      this.#at = end + 1
      return true
    }
    if (byte === 123 || byte === 91) {
      const end = this.#nested(at)
      if (end < 0) return false
      this.kind = byte === 123 ? 'object' : 'array'
      this.valueStart = at
      this.valueEnd = end
      this.#at = end
      return true
    }
    let end = at
    while (end < this.#end) {
      const c = buf[end] ?? 0
      if (c === 44 || c === 125 || c <= 32) break
      end++
    }
    this.escaped = false
    this.kind = byte === 45 || (byte >= 48 && byte <= 57) ? 'number' : 'word'
    this.valueStart = at
    this.valueEnd = end
    this.#at = end
    return end > at
  }

  /** Position of the closing quote of a string that begins at `at`, or -1. */
  #string(at: number): number {
    const { buf } = this
    const end = this.#end
    this.escaped = false
    for (let i = at; i < end; i++) {
      const byte = buf[i]
      if (byte === QUOTE) return i
      if (byte === BACKSLASH) {
        this.escaped = true
        i++
      }
    }
    return -1
  }

  /** Position after an object or array that begins at `at`, or -1. */
  #nested(at: number): number {
    const { buf } = this
    let depth = 0
    for (let i = at; i < this.#end; i++) {
      const byte = buf[i]
      if (byte === QUOTE) {
        i = this.#string(i + 1)
        if (i < 0) return -1
      } else if (byte === 123 || byte === 91) depth++
      else if (byte === 125 || byte === 93) {
        depth--
        if (depth === 0) return i + 1
      }
    }
    return -1
  }

  #blank(at: number): number {
    let i = at
    while (i < this.#end && (this.buf[i] ?? 0) <= 32) i++
    return i
  }
}

/**
 * Writes the text of a JSON string with escapes to `into` as UTF-8 and returns its length. Excess bytes are dropped; an invalid
 * escape is kept as it is.
 */
export function unescapeJson(buf: Buffer, start: number, end: number, into: Buffer): number {
  let length = 0
  for (let at = start; at < end && length + 4 <= into.length; at++) {
    const byte = buf[at] ?? 0
    if (byte !== BACKSLASH || at + 1 >= end) {
      into[length++] = byte
      continue
    }
    at++
    const escape = buf[at] ?? 0
    if (escape === 117) {
      let code = hex4(buf, at + 1, end)
      if (code < 0) {
        into[length++] = BACKSLASH
        into[length++] = escape
        continue
      }
      at += 4
      if (code >= 0xd800 && code < 0xdc00 && buf[at + 1] === BACKSLASH && buf[at + 2] === 117) {
        const low = hex4(buf, at + 3, end)
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
          at += 6
        }
      }
      length += into.write(String.fromCodePoint(code), length, 'utf8')
    } else {
      into[length++] = SIMPLE_ESCAPES.get(escape) ?? escape
    }
  }
  return length
}

const SIMPLE_ESCAPES = new Map([
  [110, 10],
  [116, 9],
  [114, 13],
  [98, 8],
  [102, 12],
])

function hex4(buf: Buffer, at: number, end: number): number {
  if (at + 4 > end) return -1
  let value = 0
  for (let i = at; i < at + 4; i++) {
    const byte = (buf[i] ?? 0) | 32
    const digit = byte >= 48 && byte <= 57 ? byte - 48 : byte >= 97 && byte <= 102 ? byte - 87 : -1
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return value
}
