import type { CdmValue } from '../row-batch.ts'
import type { HospitalProfile } from './profiles.ts'
import type { Random, Weighted } from './random.ts'
import type { SyntheticTables } from './synthetic-tables.ts'

/** The distributions of a profile, ready for drawing. */
export interface Population {
  readonly profile: HospitalProfile
  readonly ages: Weighted<readonly [number, number]>
  readonly races: Weighted<number>
  /** Values of `location_id`. */
  readonly locations: Weighted<number>
  /** The last day of the data, in days since 1970. */
  readonly until: number
}

/** A visit at which examinations can be recorded. */
export interface Contact {
  readonly day: number
  readonly visit: number
}

/** The attributes of a person on which measurements depend. */
export interface Patient {
  readonly age: number
  readonly female: boolean
  /** Their usual body mass index, kg/m². */
  readonly bmi: number
  readonly has: (conditionConceptId: number) => boolean
}

/** A patient whose examinations can be recorded. */
export interface ExaminedPatient extends Patient {
  readonly contacts: readonly Contact[]
  readonly random: Random
  readonly population: Population
  /** Adds a row whose second column is the `person_id`. */
  readonly addRow: (
    table: Parameters<SyntheticTables['addNumbered']>[0],
    ...values: readonly CdmValue[]
  ) => number
  /** A random day under observation. */
  readonly anyDay: () => number
}
