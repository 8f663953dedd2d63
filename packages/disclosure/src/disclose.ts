import type { DisclosurePolicy } from './policy.ts'

/**
 * The count that may leave: suppressed below the threshold, then rounded, each once.
 *
 * Call it on a *true* count only. Applied to an answer that has been through it already, a threshold
 * that is no multiple of the rounding target would hide counts a second time.
 *
 * Exact for every count up to `Number.MAX_SAFE_INTEGER`: remainder, subtraction and comparison of
 * safe integers have no rounding, and `remainder >= nearest - remainder` asks for the tie without
 * doubling anything.
 *
 * @throws RangeError when `count` is not a whole number of persons, when a policy member is not a
 *   safe integer, or when rounding up would leave the safe integers. Messages never hold the count:
 *   a value that may not be published may not be logged either.
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
      `count must be a whole number of persons from 0 to ${Number.MAX_SAFE_INTEGER}`,
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
