/**
 * Reproducible random numbers: the same seed and key give the same sequence on all machines. The generator is sfc32
 * (https://pracrand.sourceforge.net), which is small and of good quality, but not suitable for secrets.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #count = 1

  /** Each `key` has an independent sequence, so that person 17 does not depend on persons 1 to 16. */
  constructor(seed: number, key: number) {
    this.#a = seed | 0
    this.#b = Math.trunc(seed / 0x1_0000_0000) | 0
    this.#c = key | 0
    for (let i = 0; i < 12; i++) this.next()
  }

  /** Uniform in [0, 1). */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return (sum >>> 0) / 0x1_0000_0000
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  /** Normally distributed (Box–Muller). */
  normal(mean: number, deviation: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.next())
  }

  /** Poisson-distributed, but at most `max`. */
  occurrences(mean: number, max: number): number {
    const limit = Math.exp(-mean)
    let product = this.next()
    let count = 0
    while (product > limit && count < max) {
      product *= this.next()
      count++
    }
    return count
  }

  pick<T>(choices: Weighted<T>): T {
    return choices.at(this.next())
  }
}

/** Choices with unequal probabilities. */
export class Weighted<T> {
  readonly #values: readonly T[]
  readonly #upTo: readonly number[]

  constructor(choices: readonly (readonly [value: T, weight: number])[]) {
    const total = choices.reduce((sum, [, weight]) => sum + weight, 0)
    let sum = 0
    this.#values = choices.map(([value]) => value)
    this.#upTo = choices.map(([, weight]) => (sum += weight) / total)
  }

  /** Zipf's law, which fits diagnoses: the nth choice is n^-steepness times as likely as the first. */
  static zipf<T>(values: readonly T[], steepness = 1): Weighted<T> {
    return new Weighted(values.map((value, index) => [value, (index + 1) ** -steepness]))
  }

  at(position: number): T {
    let low = 0
    let high = this.#upTo.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (position < (this.#upTo[middle] ?? 1)) high = middle
      else low = middle + 1
    }
    const value = this.#values[low]
    if (value === undefined) throw new RangeError('nothing to choose from')
    return value
  }
}
