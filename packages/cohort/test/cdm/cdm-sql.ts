import { CLINICAL_TABLES, type CdmData } from '../../src/index.ts'

/** Every column a cohort can read, with the types of the DDL of the CDM. */
const COLUMNS: { readonly [table: string]: { readonly [column: string]: string } } = {
  person: {
    person_id: 'integer primary key',
    gender_concept_id: 'integer',
    race_concept_id: 'integer',
    ethnicity_concept_id: 'integer',
    year_of_birth: 'integer',
    month_of_birth: 'integer',
    location_id: 'integer',
  },
  location: {
    location_id: 'integer primary key',
    latitude: 'numeric(9, 6)',
    longitude: 'numeric(9, 6)',
  },
  ...Object.fromEntries(
    CLINICAL_TABLES.map(({ table, person, concept, date, value, type }) => [
      table,
      {
        [person]: 'integer',
        [concept]: 'integer',
        [date]: 'date',
        [type]: 'integer',
        ...(value === null ? {} : { [value]: 'numeric(18, 3)' }),
      },
    ]),
  ),
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
