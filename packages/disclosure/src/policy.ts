/**
 * How a site or a relay protects a count before reporting it.
 *
 * Both members are whole numbers of people; zero or less switches that step off.
 */
export interface DisclosurePolicy {
  /** A count below this is suppressed; a count equal to it is not. */
  readonly threshold: number
  /** Other counts are rounded to the nearest multiple of this; a tie rounds up. */
  readonly nearest: number
}

export const DEFAULT_POLICY: DisclosurePolicy = Object.freeze({ threshold: 10, nearest: 10 })
