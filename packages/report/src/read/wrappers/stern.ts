import { EventHead } from '../event-head.ts'
import { Interner } from '../interner.ts'
import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { IsoTime } from '../timestamps.ts'
import { isNameByte } from './compose.ts'
import { MAX_ORIGINS } from './wrapper.ts'
import type { Wrapper } from './wrapper.ts'

/**
 * `POD CONTAINER line`, or `NAMESPACE POD CONTAINER line` with --all-namespaces. Any three words match, so a pair of names counts
 * only if an event of a known format has followed it at least once.
 */
export class SternWrapper implements Wrapper {
  readonly name = 'stern'
  readonly #origins = new Interner(MAX_ORIGINS)
  readonly #proven = new Set<number>()
  readonly #head = new EventHead()
  readonly #time = new IsoTime()

  unwrap(view: LineView): boolean {
    const { buf, start, end } = view
    let at = start
    for (let words = 1; words <= 3; words++) {
      const wordStart = at
      while (at < end && isNameByte(buf[at] ?? 0)) at++
      if (at === wordStart || buf[at] !== 32 || at - start > 300) return false
      if (words >= 2 && this.#accept(view, start, at)) return true
      at++
    }
    return false
  }

  labels(origin: number): SourceLabels {
    const words = this.#origins.text(origin - 1).split(' ')
    const [container = '', pod = '', namespace = ''] = words.toReversed()
    return {
      ...(pod ? { pod } : {}),
      ...(container ? { container } : {}),
      ...(namespace ? { namespace } : {}),
    }
  }

  #accept(view: LineView, from: number, namesEnd: number): boolean {
    const { buf, end } = view
    let at = namesEnd + 1
    let time = Number.NaN
    if (
      buf[at + 10] === 84 &&
      this.#time.read(buf, at, end) &&
      this.#time.zoned &&
      buf[this.#time.end] === 32
    ) {
      time = this.#time.ms
      at = this.#time.end + 1
    }
    const known = this.#head.read(buf, at, end)
    // Do not spend one of the limited names on an unproven pair.
    if (!known && this.#proven.size === 0) return false
    const origin = this.#origins.id(buf, from, namesEnd) + 1
    // A line that begins with an address may itself be an access log line, unless there is a time after the names, as only stern adds.
    if (known && (this.#head.format !== 'nginx' || !Number.isNaN(time))) this.#proven.add(origin)
    else if (!this.#proven.has(origin)) return false
    view.origin = origin
    view.wrapperTime = time
    view.start = at
    return true
  }
}
