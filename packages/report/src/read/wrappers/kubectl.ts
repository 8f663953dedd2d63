import { ascii, findByte, startsWith } from '../byte-scan.ts'
import { Interner } from '../interner.ts'
import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { IsoTime } from '../timestamps.ts'
import { MAX_ORIGINS } from './wrapper.ts'
import type { Wrapper } from './wrapper.ts'

const POD = ascii('[pod/')

/** `[pod/NAME/CONTAINER] 2025-09-26T06:56:21.123456789Z line`: `kubectl logs` with --prefix, --timestamps, or both. */
export class KubectlWrapper implements Wrapper {
  readonly #origins = new Interner(MAX_ORIGINS)
  readonly #time = new IsoTime()
  #prefixed = false
  #stamped = false

  get name(): string {
    const parts = [this.#prefixed ? 'prefix' : '', this.#stamped ? 'timestamps' : ''].filter(
      Boolean,
    )
    return this.#prefixed ? `kubectl (${parts.join(', ')})` : 'timestamp before each line'
  }

  unwrap(view: LineView): boolean {
    const { buf, end } = view
    let at = view.start
    let origin = 0
    if (startsWith(buf, at, end, POD)) {
      const close = findByte(buf, at, Math.min(end, at + 600), 93)
      if (close < 0 || buf[close + 1] !== 32) return false
      origin = this.#origins.id(buf, at + 5, close) + 1
      at = close + 2
    }
    const stamped = buf[at + 10] === 84 && this.#time.read(buf, at, end) && this.#time.zoned
    if (stamped) {
      const after = this.#time.end
      // At the end of a line the space after the timestamp may have been trimmed.
      if (after < end && buf[after] !== 32) return false
      this.#stamped = true
      view.wrapperTime = this.#time.ms
      at = Math.min(end, after + 1)
    } else if (origin === 0) return false
    if (origin > 0) this.#prefixed = true
    view.origin = origin
    view.start = at
    return true
  }

  labels(origin: number): SourceLabels {
    const [pod = '', container = ''] = this.#origins.text(origin - 1).split('/')
    return { ...(pod ? { pod } : {}), ...(container ? { container } : {}) }
  }
}
