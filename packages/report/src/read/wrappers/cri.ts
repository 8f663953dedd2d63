import { ascii, startsWith } from '../byte-scan.ts'
import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { IsoTime } from '../timestamps.ts'
import type { Wrapper } from './wrapper.ts'

const STREAMS = ['stderr ', 'stdout '].map(ascii)

/** `2025-09-26T06:56:21.123456789Z stderr F line`: log file of a container runtime on a Kubernetes node; P marks a partial line. */
export class CriWrapper implements Wrapper {
  readonly name = 'CRI file'
  readonly #time = new IsoTime()

  unwrap(view: LineView): boolean {
    const { buf, start, end } = view
    if (!this.#time.read(buf, start, end) || buf[this.#time.end] !== 32) return false
    const at = this.#time.end + 1
    const stream = STREAMS.find((word) => startsWith(buf, at, end, word))
    if (stream === undefined) return false
    const tag = at + stream.length
    const mark = buf[tag]
    // A tag may contain more after a colon (`P:xyz`); only its first letter matters.
    let after = tag
    while (after < end && buf[after] !== 32) after++
    if (mark !== 70 && mark !== 80) return false
    view.wrapperTime = this.#time.ms
    view.partial = mark === 80
    view.start = Math.min(end, after + 1)
    view.origin = 0
    return true
  }

  labels(): SourceLabels {
    return {}
  }
}
