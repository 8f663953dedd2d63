import type { CdmTable } from './cdm-table.ts'
import { EVENT_TABLES } from './event-tables.ts'
import { PERSON_TABLES } from './person-tables.ts'
import { VOCABULARY_TABLES } from './vocabulary-tables.ts'

/** The tables of OMOP CDM 5.4 that Warren loads, in order of creation: referenced tables come first. */
export const CDM_TABLES: readonly CdmTable[] = [
  ...VOCABULARY_TABLES,
  ...PERSON_TABLES,
  ...EVENT_TABLES,
]

const byName = new Map(CDM_TABLES.map((one) => [one.name, one]))

/** A table by its lower-case name. */
export function cdmTable(name: string): CdmTable | undefined {
  return byName.get(name)
}
