import type { CohortOptions } from '@warren/cohort'
import type { DisclosurePolicy } from '@warren/disclosure'
import type { DistributionCache } from './distribution-cache.ts'
import type { RunQueryOptions } from './run-query.ts'

/** Everything a solver needs in addition to the task. */
export interface SolveContext extends RunQueryOptions {
  readonly policy: DisclosurePolicy
  /** Which optional tables of the CDM tasks may use at this site. */
  readonly omop: CohortOptions
  /** Concepts that the site does not show in GENERIC. Default: none. */
  readonly denied?: ReadonlySet<number>
  /** The time zone in which a day begins. Absent: that of the process. */
  readonly timeZone?: string
  /** Whether DEMOGRAPHICS has ages. Default: no. */
  readonly ages?: boolean
  /** Whether GENERIC has statistics of values. Default: no. */
  readonly statistics?: boolean
  /** The configured collection ID, for `metadata.bcos`. `undefined`: the collection of the task. */
  readonly collectionId: string | undefined
  /** The version of the bunny, for `metadata.bcos`. */
  readonly version: string
  /** Whether file data is encoded as Base64. Otherwise it is readable text. */
  readonly encode: boolean
  /** The cache for distributions, if there is one. */
  readonly cache?: DistributionCache
}
