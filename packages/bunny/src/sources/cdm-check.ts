import type { CdmProblem, CheckOptions } from './cdm-source.ts'
import {
  LOCATION_OF_PERSON,
  REQUIRED_TABLES,
  type ColumnFamily,
  type RequiredColumn,
  type RequiredTable,
} from './cdm-requirements.ts'

export interface CatalogueColumn {
  /** `other` is a type that cannot be compared with a number, date or text, e.g. `jsonb`. */
  readonly family: ColumnFamily | 'other'
  /** The engine's own name of the type, for the message. */
  readonly type: string
  readonly readable: boolean
}

/** What an engine's catalogue says about one table or view in the CDM schema; names are lower case. */
export interface CatalogueTable {
  readonly name: string
  /** How the table is spelt in the engine, when quoting is needed to reach it (`"PERSON"`). */
  readonly spelling: string
  readonly isView: boolean
  readonly columns: ReadonlyMap<string, CatalogueColumn>
  /** Columns that are the first one of some usable index; `null` where the engine needs no indexes. */
  readonly indexedColumns: ReadonlySet<string> | null
  readonly hasRows: boolean
}

export interface Catalogue {
  /** As the site wrote it; `''` for the connection's own search path. */
  readonly schema: string
  readonly tables: ReadonlyMap<string, CatalogueTable>
  /** Other schemas of the same database that hold a table called `person`, in case the setting names the wrong one. */
  readonly otherCdmSchemas: readonly string[]
}

/** The required tables for a site with these options, with the columns that only some options need. */
export function requiredTables(options: CheckOptions): readonly RequiredTable[] {
  return REQUIRED_TABLES.filter(
    ({ onlyIf }) => onlyIf === undefined || options[onlyIf] === true,
  ).map((table) =>
    table.name === 'person' && options.location === true
      ? { ...table, columns: [...table.columns, LOCATION_OF_PERSON] }
      : table,
  )
}

/** Compares what is needed with what the catalogue shows. Pure, so that both engines are judged alike. */
export function checkCatalogue(catalogue: Catalogue, options: CheckOptions): CdmProblem[] {
  const problems: CdmProblem[] = []
  for (const required of requiredTables(options)) {
    const found = catalogue.tables.get(required.name)
    if (found === undefined) problems.push(missingTable(required, catalogue))
    else problems.push(...checkTable(required, found, catalogue.schema))
  }
  return problems
}

function missingTable({ name, onlyIf }: RequiredTable, catalogue: Catalogue): CdmProblem {
  const where = catalogue.schema === '' ? 'on the search path' : `in schema ${catalogue.schema}`
  const elsewhere = catalogue.otherCdmSchemas.join(', ')
  let hint = `create it, or a view of that name; for tables exported as files: warren bunny omop load`
  if (onlyIf !== undefined) {
    hint = `create it, or set OMOP_${onlyIf.toUpperCase()}_ENABLED=false`
  }
  if (!catalogue.tables.has('person') && elsewhere !== '') {
    hint = `there is a CDM in schema ${elsewhere}: set DATASOURCE_DB_SCHEMA`
  }
  return {
    severity: 'error',
    code: 'missing-table',
    table: name,
    message: `table or view ${name} does not exist ${where}`,
    hint,
  }
}

function checkTable(required: RequiredTable, found: CatalogueTable, schema: string): CdmProblem[] {
  const { name } = required
  const qualified = schema === '' ? name : `${schema}.${name}`
  if (found.spelling !== name) {
    return [
      {
        severity: 'error',
        code: 'missing-table',
        table: name,
        message: `table ${name} exists only as "${found.spelling}", which unquoted SQL does not find`,
        hint: `CREATE VIEW ${qualified} with lower-case column names over it, or rename the table and its columns`,
      },
    ]
  }
  const problems = required.columns.flatMap((column) => checkColumn(column, found, qualified))
  const { lookup } = required
  const canBeIndexed = lookup !== undefined && found.columns.has(lookup) && !found.isView
  if (canBeIndexed && found.indexedColumns !== null && !found.indexedColumns.has(lookup)) {
    problems.push({
      severity: 'warning',
      code: 'missing-index',
      table: name,
      column: lookup,
      message: `no usable index of ${name} begins with ${lookup}: every question reads the whole table`,
      hint: `CREATE INDEX CONCURRENTLY ON ${qualified} (${lookup})`,
    })
  }
  if (
    required.mustHaveRows &&
    !found.hasRows &&
    problems.every((one) => one.severity !== 'error')
  ) {
    problems.push({
      severity: 'warning',
      code: 'empty-table',
      table: name,
      message: `${name} has no rows`,
      hint:
        name === 'concept'
          ? 'load the vocabulary: without it no gender, race or ethnicity is understood'
          : 'load the data, or point DATASOURCE_DB_SCHEMA at the schema that has it',
    })
  }
  return problems
}

function checkColumn(
  column: RequiredColumn,
  table: CatalogueTable,
  qualified: string,
): CdmProblem[] {
  const found = table.columns.get(column.name)
  const { onlyFor } = column
  const where = {
    severity: onlyFor === undefined ? ('error' as const) : ('warning' as const),
    table: table.name,
    column: column.name,
  }
  const concerning = onlyFor === undefined ? '' : `: ${onlyFor} will fail`
  if (found === undefined) {
    const newer = column.name === 'latitude' || column.name === 'longitude'
    return [
      {
        code: 'missing-column',
        ...where,
        message: `${table.name} has no column ${column.name}${concerning}`,
        hint: newer
          ? 'coordinates came with CDM 5.4: add the columns, or set OMOP_LOCATION_ENABLED=false'
          : `add it (CDM 5.3 and 5.4 both have it), or put a view in the place of ${table.name}`,
      },
    ]
  }
  if (!found.readable) {
    return [
      {
        code: 'no-privilege',
        ...where,
        message: `this account may not read ${table.name}.${column.name}${concerning}`,
        hint: `GRANT SELECT ON ${qualified} TO the account (and USAGE on its schema)`,
      },
    ]
  }
  if (found.family !== column.family) {
    return [
      {
        code: 'wrong-type',
        ...where,
        message: `${table.name}.${column.name} is ${found.type}, expected a ${column.family}${concerning}`,
        hint: 'convert the column, or put a view with a cast in its place',
      },
    ]
  }
  return []
}
