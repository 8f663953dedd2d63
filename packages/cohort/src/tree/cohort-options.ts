import type { TableSwitch } from '@warren/cdm'

/** What a site allows cohorts to read, and how it wants them understood. */
export type CohortOptions = {
  readonly specimen: boolean
  readonly location: boolean
} & { readonly [table in TableSwitch]?: boolean } & {
  /** Whether the records of a concept's descendants count too, by `concept_ancestor`. */
  readonly descendants?: boolean
  /** Whether an age counts birthdays for people whose month and day of birth are known. Otherwise it counts calendar years. */
  readonly exactAges?: boolean
  /** Whether people who died before today are left out. */
  readonly withoutDead?: boolean
  /** Optional columns that the site's tables do not have, as `measurement.unit_concept_id`. */
  readonly absentColumns?: readonly string[]
}

/** Whether the site's tables have an optional column. */
export function hasColumn(options: CohortOptions, table: string, column: string): boolean {
  return options.absentColumns?.includes(`${table}.${column}`) !== true
}
