import { CDM_TABLES, CODE_PARTS, type CdmTable, type CdmType, type TableSwitch } from '@warren/cdm'

/** The kind of values a column is compared with. Sites use different types for it, such as `integer` and `bigint`. */
export type ColumnFamily = 'number' | 'date' | 'text'

export interface RequiredColumn {
  readonly name: string
  readonly family: ColumnFamily
  /** The few tasks that read the column, if all others work without it. */
  readonly onlyFor?: string
}

export interface RequiredTable {
  readonly name: string
  /** Read only if the site enables it. */
  readonly onlyIf?: TableSwitch
  /** Tasks look up rows by this column. Without an index on it each task scans the table. */
  readonly lookup?: string
  /** If the table is empty, each count is 0. */
  readonly mustHaveRows?: true
  readonly columns: readonly RequiredColumn[]
}

const FAMILIES: Readonly<Record<CdmType, ColumnFamily>> = {
  id: 'number',
  concept: 'number',
  integer: 'number',
  number: 'number',
  date: 'date',
  timestamp: 'date',
  text: 'text',
}

/** What tasks read of the tables that are not events. */
const OTHER_TABLES: Readonly<
  Record<string, Omit<RequiredTable, 'name' | 'columns'> & { reads: readonly string[] }>
> = {
  concept: {
    lookup: 'concept_id',
    mustHaveRows: true,
    reads: ['concept_id', 'concept_name', 'domain_id'],
  },
  person: {
    lookup: 'person_id',
    mustHaveRows: true,
    reads: [
      'person_id',
      'year_of_birth',
      ...CODE_PARTS.flatMap(({ table, concept }) => (table.name === 'person' ? [concept] : [])),
      'month_of_birth',
    ],
  },
  location: { reads: ['location_id', 'latitude', 'longitude'] },
}

/** All tables and columns that tasks read. The database user needs access to these only. */
export const REQUIRED_TABLES: readonly RequiredTable[] = CDM_TABLES.flatMap((table) => {
  const required = table.event === undefined ? otherTable(table) : eventTable(table)
  return required === undefined ? [] : [required]
})

function otherTable(table: CdmTable): RequiredTable | undefined {
  const other = OTHER_TABLES[table.name]
  if (other === undefined) return undefined
  const { reads, ...rest } = other
  return {
    name: table.name,
    ...(table.switch === undefined ? {} : { onlyIf: table.switch }),
    ...rest,
    columns: reads.map((name) =>
      name === 'month_of_birth'
        ? column(table, name, 'tasks with an age in months')
        : column(table, name),
    ),
  }
}

function eventTable(table: CdmTable): RequiredTable | undefined {
  const { event } = table
  if (event === undefined) return undefined
  return {
    name: table.name,
    ...(table.switch === undefined ? {} : { onlyIf: table.switch }),
    lookup: event.concept,
    columns: [
      column(table, event.person),
      column(table, event.concept),
      ...(event.value === null ? [] : [column(table, event.value)]),
      column(table, event.date),
      // `secondary_modifier` is compared with the type concept of each table.
      column(table, event.type, 'tasks with a secondary_modifier'),
    ],
  }
}

function column(table: CdmTable, name: string, onlyFor?: string): RequiredColumn {
  const described = table.columns.find((one) => one.name === name)
  if (described === undefined) throw new Error(`${table.name} has no column ${name}`)
  const family = FAMILIES[described.type]
  return onlyFor === undefined ? { name, family } : { name, family, onlyFor }
}

/** The column of `person` that is needed only if the table `location` is enabled. */
export const LOCATION_OF_PERSON: RequiredColumn = { name: 'location_id', family: 'number' }

/** What further settings of the site need. */
export const OPTIONAL_TABLES = {
  descendants: {
    name: 'concept_ancestor',
    lookup: 'ancestor_concept_id',
    columns: [
      { name: 'ancestor_concept_id', family: 'number' },
      { name: 'descendant_concept_id', family: 'number' },
    ],
  },
  withoutDead: {
    name: 'death',
    lookup: 'person_id',
    columns: [
      { name: 'person_id', family: 'number' },
      { name: 'death_date', family: 'date' },
    ],
  },
} as const satisfies Readonly<Record<string, RequiredTable>>
