import type { DisclosurePolicy } from '@warren/disclosure'
import type { DistributionCache } from './distribution-cache.ts'
import type { RunQueryOptions } from './run-query.ts'

/** What every solver is given besides the task. */
export interface SolveContext extends RunQueryOptions {
  readonly policy: DisclosurePolicy
  /** Optional tables of the CDM that this site lets questions reach. */
  readonly omop: { readonly specimen: boolean; readonly location: boolean }
  /** The site's own collection id, for `metadata.bcos`; the task's where the site has not said. */
  readonly collectionId: string | undefined
  /** Of this program, for `metadata.bcos`. */
  readonly version: string
  /** False leaves file data as plain text, for people to read. */
  readonly encode: boolean
  /** Where distributions may come from, and are kept. */
  readonly cache?: DistributionCache
}
