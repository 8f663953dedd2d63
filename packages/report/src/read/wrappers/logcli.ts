import { findByte } from '../byte-scan.ts'
import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { IsoTime } from '../timestamps.ts'
import { collectLabels } from './json-record.ts'
import { Origins } from './origins.ts'
import type { Wrapper } from './wrapper.ts'

const MAX_LABELS_BYTES = 2_000

/** `2025-09-26T06:56:21Z {app="relay", pod="relay-0"} line`: the default output of logcli. */
export class LogcliWrapper implements Wrapper {
  readonly name = 'logcli'
  readonly #time = new IsoTime()
  readonly #origins = new Origins((text) => {
    const labels: SourceLabels = {}
    for (const [, key = '', value = ''] of text.matchAll(/(\w+)="([^"]*)"/g))
      collectLabels(key, value, labels)
    return labels
  })

  unwrap(view: LineView): boolean {
    const { buf, start, end } = view
    if (!this.#time.read(buf, start, end)) return false
    let at = this.#time.end
    while (buf[at] === 32) at++
    // Labels are `{name="value"}`, and a JSON line is `{"name"`.
    if (at === this.#time.end || buf[at] !== 123 || buf[at + 1] === 34) return false
    const close = findByte(buf, at, Math.min(end, at + MAX_LABELS_BYTES), 125)
    if (close < 0) return false
    view.origin = this.#origins.number(buf, at + 1, close)
    view.wrapperTime = this.#time.zoned ? this.#time.ms : Number.NaN
    view.start = Math.min(end, close + (buf[close + 1] === 32 ? 2 : 1))
    return true
  }

  labels(origin: number): SourceLabels {
    return this.#origins.labels(origin)
  }
}
