import type { CdmRow, CdmTable, EventTable } from './cdm-table.ts'
import type { CodePart, TableSwitch } from './facets.ts'
import { EVENT_TABLES } from './event-tables.ts'
import { PERSON_TABLES } from './person-tables.ts'
import { VOCABULARY_TABLES } from './vocabulary-tables.ts'

/** The tables of OMOP CDM 5.4 that Warren loads, in order of creation: referenced tables come first. */
export const CDM_TABLES: readonly CdmTable[] = [
  ...VOCABULARY_TABLES,
  ...PERSON_TABLES,
  ...EVENT_TABLES,
]

type DescribedTable =
  | (typeof VOCABULARY_TABLES)[number]
  | (typeof PERSON_TABLES)[number]
  | (typeof EVENT_TABLES)[number]

/** A row of a table, by its name. */
export type CdmRowOf<Name extends DescribedTable['name']> = CdmRow<
  Extract<DescribedTable, { readonly name: Name }>
>

export type EventTableName = (typeof EVENT_TABLES)[number]['name']

/** A table of events with its literal name. */
export type KnownEventTable = EventTable<EventTableName>

const byName = new Map(CDM_TABLES.map((one) => [one.name, one]))

/** A table by its lower-case name. */
export function cdmTable(name: string): CdmTable | undefined {
  return byName.get(name)
}

/** The tables of events, in order of creation. */
export const CDM_EVENT_TABLES: readonly KnownEventTable[] = EVENT_TABLES

/** The switches that tables have, in order of creation of the tables. */
export const TABLE_SWITCHES: readonly TableSwitch[] = [
  ...new Set(CDM_TABLES.flatMap((one) => (one.switch === undefined ? [] : [one.switch]))),
]

/** One part of a code distribution, with the table that it counts. */
export interface TablePart extends CodePart {
  readonly table: CdmTable
}

/** All parts of a code distribution, in the order of its rows. */
export const CODE_PARTS: readonly TablePart[] = CDM_TABLES.flatMap((one) =>
  one.parts.map((part) => ({ ...part, table: one })),
).toSorted((a, b) => a.position - b.position)
