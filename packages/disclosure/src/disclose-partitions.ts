import { disclose } from './disclose.ts'
import { knownInterval, smallestShown, type Interval } from './known-interval.ts'
import type { DisclosurePolicy } from './policy.ts'

/** One category of a partition, such as the people of one sex. */
export interface Category {
  /** The true count. */
  readonly count: number
  /** False for a category that the answer cannot show, for example because it has no name. Default: true. */
  readonly isNamed?: boolean
}

export interface DisclosedPartitions {
  /** The total by itself: never the sum of the figures. 0: hidden. */
  readonly total: number
  /** The figures in the order of the categories. 0: hidden. */
  readonly figures: readonly (readonly number[])[]
  /** What a reader of all these figures knows about the true total. */
  readonly knownTotal: Interval
}

/**
 * The figures of one answer that divides the same people in several ways: by sex, by race, by age. Each category is
 * disclosed, and further categories are hidden until a hidden count does not follow from the rest.
 *
 * The reader is assumed to know the policy, the total as it would be disclosed, which categories exist, and which of the
 * hidden ones are below the threshold. As far as the figures can be chosen, such a reader still cannot exclude any count
 * from 1 to the threshold - 1 for a hidden category, nor tell the exact count of a rounded figure.
 *
 * The smallest figure of a partition is hidden first. A partition of which every figure is hidden says nothing, so nothing
 * more is hidden for it.
 *
 * @throws RangeError like `disclose`.
 */
export function disclosePartitions(
  total: number,
  partitions: readonly (readonly Category[])[],
  policy: DisclosurePolicy,
): DisclosedPartitions {
  const shownTotal = disclose(total, policy)
  const states = partitions.map((categories) => new Partition(categories, policy))
  // Without categories, nothing is divided.
  const dividing = states.filter((_, index) => partitions[index]?.some(({ count }) => count > 0))
  for (;;) {
    const knownTotal = totalInterval(shownTotal, dividing, policy)
    const unsafe = dividing.find((one) => one.canHide && one.reveals(knownTotal))
    if (unsafe === undefined) {
      return { total: shownTotal, figures: states.map((one) => one.figures), knownTotal }
    }
    unsafe.hideSmallest()
  }
}

/** Whether the figure of a group would reveal how many people are not in it. */
export function revealsTheRest(
  group: { readonly count: number; readonly figure: number },
  total: { readonly count: number; readonly known: Interval },
  policy: DisclosurePolicy,
): boolean {
  const { low, high } = knownInterval(group.figure, policy)
  const rest = total.count - group.count
  const smallest = smallestShown(policy)
  if (rest > 0 && rest < smallest) {
    return total.known.low - high > 1 || total.known.high - low < smallest - 1
  }
  // A group cannot be larger than the total: where the intervals meet in one number, both are known.
  return policy.nearest > 1 && low >= total.known.high
}

/** What follows from the total and from each way to divide it. */
function totalInterval(
  shownTotal: number,
  partitions: readonly Partition[],
  policy: DisclosurePolicy,
): Interval {
  const known =
    shownTotal === 0
      ? { low: 0, high: smallestShown(policy) - 1 }
      : knownInterval(shownTotal, policy)
  return {
    low: Math.max(known.low, ...partitions.map((one) => one.leastTotal)),
    high: Math.min(known.high, ...partitions.map((one) => one.mostTotal)),
  }
}

/** A division of people into categories, some of them hidden. */
class Partition {
  readonly #policy: DisclosurePolicy
  readonly #smallest: number
  readonly #figures: number[]
  /** The positions of the figures that are shown, largest first. */
  readonly #shown: number[]
  /** The sum of what is known of the figures that are shown. */
  #low = 0
  #high = 0
  /** How many hidden categories have fewer people than the smallest figure, and how many have more. */
  #hiddenSmall = 0
  #hiddenLarge = 0

  constructor(categories: readonly Category[], policy: DisclosurePolicy) {
    this.#policy = policy
    this.#smallest = smallestShown(policy)
    this.#figures = categories.map(({ count, isNamed = true }) =>
      isNamed ? disclose(count, policy) : 0,
    )
    this.#shown = [...categories.keys()].filter((index) => this.#figure(index) > 0)
    // Ties are broken by position, so that the same data gives the same answer.
    this.#shown.sort((a, b) => this.#figure(b) - this.#figure(a) || a - b)
    for (const index of this.#shown) {
      const { low, high } = knownInterval(this.#figure(index), policy)
      this.#low += low
      this.#high += high
    }
    for (const [index, { count }] of categories.entries()) {
      if (count === 0 || this.#figure(index) > 0) continue
      if (count < this.#smallest) this.#hiddenSmall += 1
      else this.#hiddenLarge += 1
    }
  }

  get figures(): readonly number[] {
    return this.#figures
  }

  get canHide(): boolean {
    return this.#shown.length > 0
  }

  get leastTotal(): number {
    return this.#low + this.#leastHidden
  }

  get mostTotal(): number {
    return this.#high + this.#mostHidden
  }

  /** Whether a hidden count follows within narrower bounds than "hidden", or a rounded figure exactly. */
  reveals(total: Interval): boolean {
    if (this.#hiddenSmall > 0) {
      const least = total.low - this.#high
      const most = total.high - this.#low
      const largestHidden = this.#smallest - 1
      // Each hidden category may have a single person, and may have as many as a hidden one can have.
      if (this.#hiddenLarge === 0 && least > this.#hiddenSmall) return true
      if (most < this.#leastHidden + largestHidden - 1) return true
    }
    if (this.#policy.nearest <= 1 || this.#high === this.#low) return false
    return (
      total.high - this.leastTotal < 1 ||
      this.mostTotal - total.low < 1 ||
      (total.low >= total.high && (this.leastTotal >= total.low || this.mostTotal <= total.high))
    )
  }

  hideSmallest(): void {
    const index = this.#shown.pop()
    if (index === undefined) return
    const { low, high } = knownInterval(this.#figure(index), this.#policy)
    this.#figures[index] = 0
    this.#low -= low
    this.#high -= high
    this.#hiddenLarge += 1
  }

  get #leastHidden(): number {
    return this.#hiddenSmall + this.#hiddenLarge * this.#smallest
  }

  get #mostHidden(): number {
    return this.#hiddenLarge > 0 ? Infinity : this.#hiddenSmall * (this.#smallest - 1)
  }

  #figure(index: number): number {
    return this.#figures[index] ?? 0
  }
}
