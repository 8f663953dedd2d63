import type { Quotable } from '../facts/evidence-keeper.ts'
import { textOf } from '../read/byte-scan.ts'
import { JsonEvent } from './json-event.ts'

/** Longer lines hold a stack trace or the like, and no event the report reads. */
const MAX_LINE_BYTES = 8_192
// Each is tried at one place only, so that no line, however odd, takes longer than its length.
const MESSAGE = /[a-z][a-z0-9-]*(?: [a-z0-9-]+(?![\w=-]))*/y
const FIELD = / ([A-Za-z]\w*)=("(?:[^"\\]|\\.)*"|[[{]\S*|[^\s"]*)/y

/**
 * Lines of our own programs in the text formats of those they replace, where those have no words for an event: the same event as in
 * JSON, written `queue unavailable detail="a channel was closed"`.
 */
export class WarrenText {
  readonly #event = new JsonEvent()

  /** The event that stands in [from, to) of a line; undefined if it is not written so. Valid until the next call. */
  read({ buf }: Quotable, from: number, to: number): JsonEvent | undefined {
    const first = buf[from] ?? 0
    if (first < 97 || first > 122 || to - from > MAX_LINE_BYTES) return undefined
    const text = textOf(buf, from, to).trimEnd()
    MESSAGE.lastIndex = 0
    const [msg] = MESSAGE.exec(text) ?? []
    if (msg === undefined) return undefined
    const members = [`"msg":${JSON.stringify(msg)}`]
    for (let at = msg.length; at < text.length; at = FIELD.lastIndex) {
      FIELD.lastIndex = at
      const [, name, value] = FIELD.exec(text) ?? []
      if (name === undefined || value === undefined) return undefined
      members.push(`"${name}":${asJson(value)}`)
    }
    const json = Buffer.from(`{${members.join(',')}}`)
    return this.#event.read({ buf: json, start: 0, end: json.length }) ? this.#event : undefined
  }
}

/** Bare words are texts that needed no quotes. */
function asJson(value: string): string {
  return /^(?:["[{]|-?\d+(?:\.\d+)?$|true$|false$|null$)/.test(value)
    ? value
    : JSON.stringify(value)
}
