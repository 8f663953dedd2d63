/**
 * How a node or a hub protects a count before it leaves.
 *
 * Both members are whole numbers of persons; zero or less switches that step off.
 */
export interface DisclosurePolicy {
  /** A count below this is published as 0; a count equal to it passes. */
  readonly threshold: number
  /** What passes is rounded to the nearest multiple of this, a tie away from zero. */
  readonly nearest: number
}

export const DEFAULT_POLICY: DisclosurePolicy = Object.freeze({ threshold: 10, nearest: 10 })
