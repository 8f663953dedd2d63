import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { MAX_ORIGINS } from './wrapper.ts'
import type { Wrapper } from './wrapper.ts'

/** A wrapper around another one, such as the JSON of a program in the lines of `kubectl logs --prefix`. */
export class ChainedWrapper implements Wrapper {
  readonly #outer: Wrapper
  readonly #inner: Wrapper
  /** Numbers of both origins, by the number of the pair from 1. */
  readonly #pairs: (readonly [outer: number, inner: number])[] = []
  readonly #byPair = new Map<string, number>()

  constructor(outer: Wrapper, inner: Wrapper) {
    this.#outer = outer
    this.#inner = inner
  }

  get name(): string {
    return `${this.#outer.name}, ${this.#inner.name}`
  }

  get holdsLineEnds(): boolean {
    return this.#outer.holdsLineEnds === true || this.#inner.holdsLineEnds === true
  }

  unwrap(view: LineView): boolean {
    if (!this.#outer.unwrap(view)) return false
    const { wrapperTime, origin, partial } = view
    view.wrapperTime = Number.NaN
    view.origin = 0
    if (!partial) this.#inner.unwrap(view)
    // The outer time is the more exact one: the runtime or the store added it.
    if (!Number.isNaN(wrapperTime)) view.wrapperTime = wrapperTime
    view.origin = this.#pairOf(origin, view.origin)
    return true
  }

  labels(origin: number): SourceLabels {
    const pair = this.#pairs[origin - 1]
    if (pair === undefined) return {}
    const [outer, inner] = pair
    return {
      ...(outer === 0 ? {} : this.#outer.labels(outer)),
      ...(inner === 0 ? {} : this.#inner.labels(inner)),
    }
  }

  #pairOf(outer: number, inner: number): number {
    if (outer === 0 && inner === 0) return 0
    const key = `${outer} ${inner}`
    const known = this.#byPair.get(key)
    if (known !== undefined) return known
    if (this.#pairs.length >= MAX_ORIGINS) return 0
    this.#pairs.push([outer, inner])
    this.#byPair.set(key, this.#pairs.length)
    return this.#pairs.length
  }
}
