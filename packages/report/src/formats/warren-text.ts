import type { Quotable } from '../facts/evidence-keeper.ts'
import { textOf } from '../read/byte-scan.ts'
import { JsonEvent } from './json-event.ts'

/** Longer lines contain a stack trace or similar, and no event that the report reads. */
const MAX_LINE_BYTES = 8_192
// Each is tried at one position only, so that the time per line is linear.
const MESSAGE = /[a-z][a-z0-9-]*(?: [a-z0-9-]+(?![\w=-]))*/y
const FIELD = / ([A-Za-z]\w*)=("(?:[^"\\]|\\.)*"|[[{]\S*|[^\s"]*)/y

/**
 * Lines of Warren's programs in the text formats of the Python bunny and the .NET relay, for events that those do not have: the same
 * event as in JSON, in the form `queue unavailable detail="a channel was closed"`.
 */
export class WarrenText {
  readonly #event = new JsonEvent()

  /** The event in [from, to) of a line; undefined if the line has another form. Valid until the next call. */
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

/** Texts without special characters have no quotes. */
function asJson(value: string): string {
  return /^(?:["[{]|-?\d+(?:\.\d+)?$|true$|false$|null$)/.test(value)
    ? value
    : JSON.stringify(value)
}
