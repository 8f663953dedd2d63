import { cdmTable, type CdmType } from '@warren/cdm'
import { CLINICAL_TABLES, type CdmData } from '../../src/index.ts'

/** The types of the DDL of the CDM. */
const TYPES: Readonly<Record<CdmType, string>> = {
  id: 'integer',
  concept: 'integer',
  integer: 'integer',
  number: 'numeric(18, 3)',
  date: 'date',
  timestamp: 'timestamp',
  text: 'varchar(50)',
}

/** Every column a cohort can read. */
const COLUMNS: { readonly [table: string]: { readonly [column: string]: string } } = {
  ...columnsOf('person', [
    'person_id',
    'gender_concept_id',
    'race_concept_id',
    'ethnicity_concept_id',
    'year_of_birth',
    'month_of_birth',
    'day_of_birth',
    'location_id',
  ]),
  ...columnsOf('concept', ['concept_id', 'vocabulary_id', 'concept_code']),
  ...columnsOf('concept_ancestor', ['ancestor_concept_id', 'descendant_concept_id']),
  location: {
    location_id: 'integer primary key',
    latitude: 'numeric(9, 6)',
    longitude: 'numeric(9, 6)',
  },
  ...Object.assign(
    {},
    ...CLINICAL_TABLES.map(
      ({ table, person, concept, date, datetime, value, unit, unitText, type }) =>
        columnsOf(table, [person, concept, date, datetime, value, unit, unitText, type]),
    ),
  ),
}

function columnsOf(table: string, names: readonly (string | null)[]) {
  const described = cdmTable(table)?.columns ?? []
  const columns = names.flatMap((name) => {
    const column = described.find((one) => one.name === name)
    return column === undefined ? [] : [[column.name, TYPES[column.type]] as const]
  })
  return { [table]: Object.fromEntries(columns) }
}

export function createTablesSql(schema: string): string {
  const tables = Object.entries(COLUMNS).map(([table, columns]) => {
    const definitions = Object.entries(columns).map(([name, type]) => `${name} ${type}`)
    return `create table ${quoted(schema)}.${table} (${definitions.join(', ')});`
  })
  return [`create schema if not exists ${quoted(schema)};`, ...tables].join('\n')
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Empties the tables and fills them with `data`. */
export function replaceRowsSql(schema: string, data: CdmData): string {
  const tables: Readonly<Record<string, readonly object[]>> = { ...data }
  return Object.entries(COLUMNS)
    .flatMap(([table, columns]) => {
      const rows = tables[table] ?? []
      const tuples = rows.map(
        (row) =>
          `(${Object.keys(columns)
            .map((column) => literal(Reflect.get(row, column)))
            .join(', ')})`,
      )
      const empty = `delete from ${quoted(schema)}.${table};`
      return tuples.length === 0
        ? [empty]
        : [empty, `insert into ${quoted(schema)}.${table} values ${tuples.join(', ')};`]
    })
    .join('\n')
}

function literal(cell: unknown): string {
  if (typeof cell === 'number') return String(cell)
  return typeof cell === 'string' ? `'${cell}'` : 'null'
}
