import { EventHead } from '../event-head.ts'
import type { LINE_FORMS } from '../forms/line-forms.ts'
import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { writeLine } from './written-line.ts'
import { MAX_ORIGINS } from './wrapper.ts'
import type { Wrapper } from './wrapper.ts'

/** Lines of one of `LINE_FORMS`. */
export class LineFormWrapper implements Wrapper {
  readonly name: string
  readonly #form: (typeof LINE_FORMS)[number]
  readonly #origins: SourceLabels[] = []
  readonly #byName = new Map<string, number>()
  readonly #head = new EventHead()
  readonly #proven = new Set<number>()

  constructor(form: (typeof LINE_FORMS)[number]) {
    this.#form = form
    this.name = form.name
  }

  unwrap(view: LineView): boolean {
    const { pattern, line } = this.#form
    const groups = pattern.exec(view.buf.toString('utf8', view.start, view.end))?.groups
    if (groups === undefined) return false
    const text = line === undefined ? groups['line'] : line(groups)
    if (text === undefined) return false
    const { wrapperTime, origin } = view
    const before = { buf: view.buf, start: view.start, end: view.end }
    writeLine(view, text)
    if (line !== undefined) return true
    const { time = '', epoch } = groups
    view.wrapperTime =
      epoch === undefined ? Date.parse(time.replace(' ', 'T')) : Number(epoch) * 1_000
    view.origin = this.#originOf(groups)
    if (groups['pod'] === undefined || this.#isProven(view)) return true
    Object.assign(view, before, { wrapperTime, origin })
    return false
  }

  labels(origin: number): SourceLabels {
    return this.#origins[origin - 1] ?? {}
  }

  /** Many lines begin with something that may be a name, so it counts once a known event has followed it. */
  #isProven({ buf, start, end, origin }: LineView): boolean {
    if (this.#head.read(buf, start, end)) this.#proven.add(origin)
    return this.#proven.has(origin)
  }

  #originOf({ pod, container }: Readonly<Record<string, string | undefined>>): number {
    if (pod === undefined) return 0
    const name = `${pod} ${container ?? ''}`
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    if (this.#origins.length >= MAX_ORIGINS) return 0
    this.#origins.push(container === undefined ? { pod } : { pod, container })
    this.#byName.set(name, this.#origins.length)
    return this.#origins.length
  }
}
