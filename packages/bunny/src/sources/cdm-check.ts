import { statementParts } from '@warren/cohort'
import { shellWord } from '@warren/runtime'
import type { CdmProblem, CdmSource, CheckOptions, Row, SqlStatement } from './cdm-source.ts'
import { quoteIdentifier } from './quote-identifier.ts'
import {
  LOCATION_OF_PERSON,
  REQUIRED_TABLES,
  OPTIONAL_TABLES,
  type ColumnFamily,
  type RequiredColumn,
  type RequiredTable,
} from './cdm-requirements.ts'

export interface CatalogueColumn {
  /** `other`: a type that cannot be compared with a number, date or text, such as `jsonb`. */
  readonly family: ColumnFamily | 'other'
  /** The name of the type in the engine, for the message. */
  readonly type: string
  readonly readable: boolean
}

/** A table or view in the CDM schema, read from the catalogue of the engine. Names are in lower case. */
export interface CatalogueTable {
  readonly name: string
  /** The exact name of the table in the engine, which may need quotes (`"PERSON"`). */
  readonly spelling: string
  readonly isView: boolean
  readonly columns: ReadonlyMap<string, CatalogueColumn>
  /** The first columns of all usable indexes. `null` if the engine needs no indexes. */
  readonly indexedColumns: ReadonlySet<string> | null
  readonly hasRows: boolean
}

export interface Catalogue {
  /** The configured schema. `''` for the search path of the connection. */
  readonly schema: string
  /** The database user, if the engine has users. */
  readonly user?: string
  readonly tables: ReadonlyMap<string, CatalogueTable>
  /** Other schemas of the database that have a table `person`, to suggest the right schema. */
  readonly otherCdmSchemas: readonly string[]
}

/** The tables and columns that a site needs with these options. */
export function requiredTables(options: CheckOptions): readonly RequiredTable[] {
  const tables = REQUIRED_TABLES.filter(
    ({ onlyIf }) => onlyIf === undefined || options[onlyIf] === true,
  ).map((table) =>
    table.name === 'person' && options.location === true
      ? { ...table, columns: [...table.columns, LOCATION_OF_PERSON] }
      : table,
  )
  const { descendants, withoutDead } = OPTIONAL_TABLES
  return [
    ...tables,
    ...(options.descendants === true ? [descendants] : []),
    ...(options.withoutDead === true && options.death !== true ? [withoutDead] : []),
  ]
}

/** Compares the catalogue with the requirements. Independent of the engine. */
export function checkCatalogue(catalogue: Catalogue, options: CheckOptions): CdmProblem[] {
  const missing: RequiredTable[] = []
  const problems: CdmProblem[] = []
  for (const required of requiredTables(options)) {
    const found = catalogue.tables.get(required.name)
    if (found === undefined) missing.push(required)
    else problems.push(...checkTable(required, found, catalogue.schema))
  }
  return [...missingTables(missing, catalogue), ...withOneGrant(problems, catalogue)]
}

/** Missing privileges have one cause, so they are one problem with the statements that fix them. */
function withOneGrant(problems: readonly CdmProblem[], catalogue: Catalogue): CdmProblem[] {
  const first = problems.find(({ code }) => code === 'no-privilege')
  if (first === undefined) return [...problems]
  const denied = problems.filter(({ code }) => code === 'no-privilege')
  const tables = [...new Set(denied.map(({ table }) => table))]
  const severity = denied.some((one) => one.severity === 'error') ? 'error' : 'warning'
  const what = denied.length === 1 ? `${first.table}.${first.column}` : listOf(tables)
  const user = quoteIdentifier(catalogue.user ?? 'USER')
  const { schema } = catalogue
  const usage = schema === '' ? '' : `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${user}; `
  const names = tables.map((table) => qualify(schema, table)).join(', ')
  const merged: CdmProblem = {
    severity,
    code: 'no-privilege',
    table: first.table,
    ...(denied.length === 1 && first.column !== undefined ? { column: first.column } : {}),
    message: `the database user cannot read ${what}`,
    hint: `${usage}GRANT SELECT ON ${names} TO ${user}`,
  }
  const rest = problems.filter(({ code }) => code !== 'no-privilege')
  return [merged, ...rest]
}

function listOf(names: readonly string[]): string {
  const count = names.length === 1 ? '' : `${names.length} tables: `
  return `${count}${names.join(', ')}`
}

function qualify(schema: string, table: string): string {
  return schema === '' ? table : `${quoteIdentifier(schema)}.${table}`
}

/**
 * Whether a person has several rows in `person`. Such a person still counts once, but data that was loaded twice is usually
 * wrong elsewhere too. Reads all IDs, and returns none of them.
 */
export async function checkPersonIds(
  read: (statement: SqlStatement) => Promise<readonly Row[]>,
  source: Pick<CdmSource, 'dialect' | 'schema'>,
): Promise<CdmProblem[]> {
  const parts = statementParts(source.dialect, source.schema)
  const [row] = await read({
    text: `SELECT count(*) AS duplicates FROM (
  SELECT person_id FROM ${parts.table('person')} GROUP BY person_id HAVING count(*) > 1 LIMIT 1
) d`,
    values: parts.values,
  })
  if (Number(row?.['duplicates'] ?? 0) === 0) return []
  return [
    {
      severity: 'warning',
      code: 'duplicate-person',
      table: 'person',
      column: 'person_id',
      message: 'person.person_id is not unique: a person with several rows counts once',
      hint: 'Check whether the data was loaded twice, and add a primary key on person_id.',
    },
  ]
}

/** Tables that are missing for one reason: a wrong schema, data that were not loaded, or an option. */
function missingTables(missing: readonly RequiredTable[], catalogue: Catalogue): CdmProblem[] {
  const required = missing.filter(({ onlyIf }) => onlyIf === undefined)
  const optional = missing.filter(({ onlyIf }) => onlyIf !== undefined)
  const [otherSchema, ...moreSchemas] = catalogue.otherCdmSchemas
  const problems: CdmProblem[] = []
  if (required.length > 0) {
    const names = required.map(({ name }) => name).join(', ')
    const what = required.length === 1 ? 'table or view' : 'tables or views'
    let hint = `Create the ${what} ${names}, or load exported files (see warren omop load --help).`
    if (!catalogue.tables.has('person') && otherSchema !== undefined) {
      const schemas = [otherSchema, ...moreSchemas].join(' or ')
      hint = `Set DATASOURCE_DB_SCHEMA=${shellWord(otherSchema)}: a table person exists in schema ${schemas}.`
    }
    problems.push(missingTable(names, required.length, catalogue, hint))
  }
  for (const { name, onlyIf = '' } of optional) {
    const hint = `Create the table or a view ${name}, or set OMOP_${onlyIf.toUpperCase()}_ENABLED=false.`
    problems.push(missingTable(name, 1, catalogue, hint))
  }
  return problems
}

function missingTable(
  names: string,
  number: number,
  catalogue: Catalogue,
  hint: string,
): CdmProblem {
  const where = catalogue.schema === '' ? 'on the search path' : `in schema ${catalogue.schema}`
  const what = number === 1 ? `table or view ${names} does` : `tables or views ${names} do`
  return {
    severity: 'error',
    code: 'missing-table',
    table: names,
    message: `${what} not exist ${where}`,
    hint,
  }
}

function checkTable(required: RequiredTable, found: CatalogueTable, schema: string): CdmProblem[] {
  const { name } = required
  const qualified = qualify(schema, name)
  if (found.spelling !== name) {
    return [
      {
        severity: 'error',
        code: 'missing-table',
        table: name,
        message: `table ${name} exists only as "${found.spelling}", which unquoted SQL does not find`,
        hint: `Rename the table and its columns to lower case, or create a view ${qualified} with lower-case column names.`,
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
      message: `${name} has no usable index that begins with ${lookup}: each task scans the whole table`,
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
          ? 'Load the vocabulary: tasks need it for gender, race and ethnicity.'
          : 'Load the data, or set DATASOURCE_DB_SCHEMA to the schema that contains it.',
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
  const consequence = onlyFor === undefined ? '' : `: ${onlyFor} will fail`
  if (found === undefined) {
    const newer = column.name === 'latitude' || column.name === 'longitude'
    return [
      {
        code: 'missing-column',
        ...where,
        message: `${table.name} has no column ${column.name}${consequence}`,
        hint: newer
          ? 'Add the column (new in CDM 5.4), or set OMOP_LOCATION_ENABLED=false.'
          : `Add the column (CDM 5.3 and 5.4 have it), or replace ${table.name} with a view that has it.`,
      },
    ]
  }
  if (!found.readable) {
    return [
      {
        code: 'no-privilege',
        ...where,
        message: `the database user cannot read ${table.name}.${column.name}${consequence}`,
        hint: `GRANT SELECT ON ${qualified}`,
      },
    ]
  }
  if (found.family !== column.family) {
    return [
      {
        code: 'wrong-type',
        ...where,
        message: `${table.name}.${column.name} is ${found.type}, expected a ${column.family}${consequence}`,
        hint: `Convert the column, or replace ${table.name} with a view that casts it.`,
      },
    ]
  }
  return []
}
