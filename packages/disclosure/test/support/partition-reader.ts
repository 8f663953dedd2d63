import type { DisclosedPartitions, DisclosurePolicy } from '../../src/index.ts'

/** What a reader of an answer uses to find a count, written without the code under test. */
export interface Reading {
  readonly disclosed: DisclosedPartitions
  /** The true counts: only to know which categories exist, and which are small. */
  readonly truth: readonly (readonly number[])[]
  readonly policy: DisclosurePolicy
  readonly which: number
  readonly index: number
}

type Range = readonly [low: number, high: number]

const MOST = 5_000

/** All counts of one category that agree with every figure. Tries each total, with sums of ranges. */
export function possibleCounts(reading: Reading): number[] {
  const { disclosed, truth, which, index } = reading
  const ranges = truth.map((counts, partition) =>
    counts.map((count, category) =>
      rangeOf(count, disclosed.figures[partition]?.[category] ?? 0, reading.policy),
    ),
  )
  const own = ranges[which]?.[index] ?? [0, 0]
  const others = sumOf((ranges[which] ?? []).filter((_, category) => category !== index))
  const sums = ranges.map(sumOf)
  const [least, most] = totalRange(disclosed.total, reading.policy)
  const possible = new Set<number>()
  for (let total = least; total <= Math.min(most, MOST); total++) {
    if (!sums.every(([low, high]) => low <= total && total <= high)) continue
    const from = Math.max(own[0], total - others[1])
    const to = Math.min(own[1], total - others[0])
    for (let count = from; count <= to; count++) possible.add(count)
  }
  return [...possible]
}

function totalRange(total: number, policy: DisclosurePolicy): Range {
  if (total > 0) return rangeOf(total, total, policy)
  return [0, Math.max(0, policy.threshold - 1, Math.ceil(policy.nearest / 2) - 1)]
}

/** The counts that would be reported as `figure`, found by trying them. */
function rangeOf(count: number, figure: number, policy: DisclosurePolicy): Range {
  const { threshold, nearest } = policy
  const report = (one: number): number => {
    if (one < threshold) return 0
    return nearest > 1 ? Math.floor(one / nearest + 0.5) * nearest : one
  }
  if (count === 0) return [0, 0]
  if (figure === 0) {
    const isSmall = report(count) === 0
    let largestSmall = 0
    while (report(largestSmall + 1) === 0) largestSmall++
    return isSmall ? [1, largestSmall] : [largestSmall + 1, MOST]
  }
  let low = figure
  let high = figure
  while (low > 0 && report(low - 1) === figure) low--
  while (report(high + 1) === figure) high++
  return [low, high]
}

const sumOf = (ranges: readonly Range[]): Range => [
  ranges.reduce((sum, [low]) => sum + low, 0),
  ranges.reduce((sum, [, high]) => sum + high, 0),
]
