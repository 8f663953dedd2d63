import type { DisclosurePolicy } from './policy.ts'

export interface PolicyProblem {
  readonly member: keyof DisclosurePolicy
  readonly message: string
  readonly hint: string
}

/**
 * Why a policy is not accepted. The threshold must be a multiple of the rounding target: with threshold 12 and rounding to
 * 10, counts of 12 to 14 would be reported as 10, which is below the threshold and reveals them almost exactly.
 */
export function policyProblem(policy: DisclosurePolicy): PolicyProblem | undefined {
  for (const member of ['threshold', 'nearest'] as const) {
    if (Number.isSafeInteger(policy[member]) && policy[member] >= 0) continue
    return {
      member,
      message: 'must be a whole number, 0 or more',
      hint: 'Use 0 to switch it off.',
    }
  }
  const { threshold, nearest } = policy
  if (threshold === 0 || nearest === 0 || threshold % nearest === 0) return undefined
  const [low, high] = nearestMultiples(threshold, nearest)
  return {
    member: 'threshold',
    message: `${String(threshold)} is not a multiple of the rounding target ${String(nearest)}`,
    hint: `Use a threshold of ${String(low)} or ${String(high)}, or another rounding target.`,
  }
}

/** The two nearest multiples of `nearest`. 0 is not one of them, because it would switch suppression off. */
function nearestMultiples(threshold: number, nearest: number): readonly [number, number] {
  const below = Math.max(nearest, threshold - (threshold % nearest))
  return [below, below + nearest]
}

/** The smallest multiple of `nearest` that is at least `threshold`. */
export function multipleFrom(threshold: number, nearest: number): number {
  return nearest <= 1 ? threshold : Math.ceil(threshold / nearest) * nearest
}
