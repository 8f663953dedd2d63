/** A generator of numbers in [0, 1) that depends only on `seed`. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = mix(seed)
  }

  next(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0
    return (mix(this.#state) >>> 0) / 2 ** 32
  }

  /** A number in [from, to). */
  between(from: number, to: number): number {
    return from + this.next() * (to - from)
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)]
    if (item === undefined) throw new Error('cannot pick from an empty list')
    return item
  }

  /** A random UUID, version 4. */
  uuid(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.next() * 16).toString(16)).join('')
    const groups = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`]
    return [...groups, `a${hex.slice(17, 20)}`, hex.slice(20)].join('-')
  }
}

/** A whole number below 2^32 that depends only on `numbers`. */
export function hashOf(...numbers: readonly number[]): number {
  return numbers.reduce((hash, number) => mix(hash ^ mix(number + 0x51_7c_c1)), 7) >>> 0
}

function mix(value: number): number {
  let bits = value | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35)
  return bits ^ (bits >>> 16)
}
