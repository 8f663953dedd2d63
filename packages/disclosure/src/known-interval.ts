import type { DisclosurePolicy } from './policy.ts'

/** Whole numbers from `low` to `high`, both included. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** The smallest count that is not reported as 0. Below it, a count is hidden: by the threshold, or because it rounds to 0. */
export function smallestShown({ threshold, nearest }: DisclosurePolicy): number {
  return Math.max(1, threshold, Math.ceil(nearest / 2))
}

/** All counts that are reported as `shown`, which is not 0. A reader who knows the policy knows this much. */
export function knownInterval(shown: number, policy: DisclosurePolicy): Interval {
  const { nearest } = policy
  if (nearest <= 1) return { low: shown, high: shown }
  return {
    low: Math.max(smallestShown(policy), shown - Math.floor(nearest / 2)),
    high: shown + Math.ceil(nearest / 2) - 1,
  }
}
