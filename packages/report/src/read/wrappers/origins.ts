import { textOf } from '../byte-scan.ts'
import { Interner } from '../interner.ts'
import type { SourceLabels } from '../source-labels.ts'
import { MAX_ORIGINS } from './wrapper.ts'

/**
 * Numbers the origins of records with labels: one number per pod. Label texts are cached so that each is parsed once. Texts that are
 * very long or differ in every line (an ID, a trace) are parsed every time, and the pod is found by its labels.
 */
export class Origins {
  readonly #parse: (text: string) => SourceLabels
  readonly #texts = new Interner(MAX_ORIGINS)
  readonly #byText: number[] = []
  readonly #byLabels = new Map<string, number>()
  readonly #labels: SourceLabels[] = []

  constructor(parse: (text: string) => SourceLabels) {
    this.#parse = parse
  }

  /** From 1; 0 if the text contains no useful label or there are too many pods. */
  number(buf: Buffer, start: number, end: number): number {
    const text = this.#texts.id(buf, start, end)
    if (text < 0) return this.#find(textOf(buf, start, end))
    let origin = this.#byText[text]
    if (origin === undefined) {
      origin = this.#find(this.#texts.text(text))
      this.#byText[text] = origin
    }
    return origin
  }

  labels(origin: number): SourceLabels {
    return this.#labels[origin - 1] ?? {}
  }

  #find(text: string): number {
    const labels = this.#parse(text)
    const key = Object.entries(labels)
      .map(([name, value]) => `${name}\u0001${value}`)
      .toSorted()
      .join('\u0002')
    if (key === '') return 0
    const known = this.#byLabels.get(key)
    if (known !== undefined) return known
    if (this.#labels.length >= MAX_ORIGINS) return 0
    this.#labels.push(labels)
    this.#byLabels.set(key, this.#labels.length)
    return this.#labels.length
  }
}
