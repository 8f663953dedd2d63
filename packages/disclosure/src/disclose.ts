import type { DisclosurePolicy } from './policy.ts'

/**
 * The count to report: suppressed if below the threshold, otherwise rounded.
 *
 * Call it on an exact count only. If the count was already rounded and the threshold is not a multiple
 * of the rounding target, it would suppress counts that passed the threshold.
 *
 * Exact for every count up to `Number.MAX_SAFE_INTEGER`: remainder, subtraction and comparison of
 * safe integers do not round, and `remainder >= nearest - remainder` detects the tie without doubling.
 *
 * @throws RangeError if `count` is not a whole number of people, if a policy member is not a safe
 *   integer, or if rounding up would exceed the safe integers. Messages never contain the count,
 *   because a count that must not be reported must not be logged either.
 */
export function disclose(count: number, policy: DisclosurePolicy): number {
  requireCount(count)
  requirePolicy(policy)
  return round(suppress(count, policy.threshold), policy.nearest)
}

function suppress(count: number, threshold: number): number {
  return threshold > 0 && count < threshold ? 0 : count
}

function round(count: number, nearest: number): number {
  if (nearest <= 0) return count
  const remainder = count % nearest
  const below = count - remainder
  if (remainder < nearest - remainder) return below
  const above = below + nearest
  if (!Number.isSafeInteger(above)) {
    throw new RangeError('count is too large to be rounded exactly: use a smaller rounding target')
  }
  return above
}

function requireCount(count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(
      `count must be a whole number of people from 0 to ${Number.MAX_SAFE_INTEGER}`,
    )
  }
}

function requirePolicy(policy: DisclosurePolicy): void {
  for (const member of ['threshold', 'nearest'] as const) {
    if (!Number.isSafeInteger(policy[member])) {
      throw new RangeError(
        `disclosure policy: ${member} must be a whole number (0 switches it off), got ${String(policy[member])}`,
      )
    }
  }
}
