import { Interner } from '../interner.ts'
import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { IsoTime } from '../timestamps.ts'
import { MAX_ORIGINS } from './wrapper.ts'
import type { Wrapper } from './wrapper.ts'

/** `relay-1  | line`: docker compose, with or without --timestamps. */
export class ComposeWrapper implements Wrapper {
  readonly name = 'docker compose'
  readonly #origins = new Interner(MAX_ORIGINS)
  readonly #time = new IsoTime()

  unwrap(view: LineView): boolean {
    const { buf, start } = view
    const limit = Math.min(view.end, start + 128)
    let at = start
    while (at < limit && isNameByte(buf[at] ?? 0)) at++
    const nameEnd = at
    while (at < limit && buf[at] === 32) at++
    if (nameEnd === start || at === nameEnd || buf[at] !== 124) return false
    at++
    if (at < view.end && buf[at] !== 32) return false
    at = Math.min(view.end, at + 1)
    view.origin = this.#origins.id(buf, start, nameEnd) + 1
    if (buf[at + 10] === 84 && this.#time.read(buf, at, view.end) && this.#time.zoned) {
      view.wrapperTime = this.#time.ms
      at = Math.min(view.end, this.#time.end + 1)
    }
    view.start = at
    return true
  }

  labels(origin: number): SourceLabels {
    const pod = this.#origins.text(origin - 1)
    return pod === '' ? {} : { pod }
  }
}

/** Letters, digits, dot, dash, underscore. */
export function isNameByte(byte: number): boolean {
  return (
    (byte >= 97 && byte <= 122) ||
    (byte >= 48 && byte <= 57) ||
    (byte >= 65 && byte <= 90) ||
    byte === 45 ||
    byte === 46 ||
    byte === 95
  )
}
