import {
  checkCatalogue,
  checkPersonIds,
  requiredTables,
  type Catalogue,
  type CatalogueColumn,
  type CatalogueTable,
} from './cdm-check.ts'
import type { CdmCheck, CdmSource, CheckOptions, Row, SqlStatement } from './cdm-source.ts'
import type { ColumnFamily } from './cdm-requirements.ts'

type Read = (statement: SqlStatement) => Promise<readonly Row[]>

const COLUMNS = `
SELECT t.table_name AS "table", t.table_type AS kind, c.column_name AS "column", c.data_type AS type
  FROM information_schema.tables t
  JOIN information_schema.columns c USING (table_catalog, table_schema, table_name)
 WHERE t.table_catalog = current_database()
   AND lower(t.table_schema) = CASE WHEN $1 = '' THEN current_schema() ELSE lower($1) END`

const ELSEWHERE = `
SELECT DISTINCT table_schema AS schema FROM information_schema.tables
 WHERE table_catalog = current_database() AND lower(table_name) = 'person' ORDER BY 1 LIMIT 5`

/** `check` of a source that reads DuckDB. */
export async function checkDuckDb(
  source: Pick<CdmSource, 'query' | 'schema' | 'dialect'>,
  options: CheckOptions,
): Promise<CdmCheck> {
  const { schema } = source
  const read: Read = (statement) =>
    source.query(statement, options.signal === undefined ? {} : { signal: options.signal })
  const { server, ...catalogue } = await readCatalogue(read, schema, options)
  const problems = checkCatalogue(catalogue, options)
  const ok = problems.every(({ severity }) => severity !== 'error')
  if (ok) problems.push(...(await checkPersonIds(read, source)))
  return { ok, server, schema, problems }
}

/** DuckDB ignores the case of names, has no privileges and needs no indexes, because it skips blocks. */
async function readCatalogue(
  read: Read,
  schema: string,
  options: CheckOptions,
): Promise<Catalogue & { server: string }> {
  const wanted = requiredTables(options)
  const [version] = await read({ text: 'SELECT version() AS version', values: [] })
  const rows = await read({ text: COLUMNS, values: [schema] })

  const tables = new Map<string, CatalogueTable>()
  for (const { name, mustHaveRows } of wanted) {
    const own = rows.filter((row) => String(row['table']).toLowerCase() === name)
    if (own.length === 0) continue
    tables.set(name, {
      name,
      spelling: name,
      isView: own[0]?.['kind'] === 'VIEW',
      columns: new Map(own.map((row) => [String(row['column']).toLowerCase(), column(row)])),
      indexedColumns: null,
      hasRows: mustHaveRows !== true || (await hasRows(read, schema, name)),
    })
  }
  const elsewhere = tables.has('person') ? [] : await read({ text: ELSEWHERE, values: [] })
  return {
    server: `DuckDB ${String(version?.['version'] ?? '').replace(/^v/, '')}`,
    schema,
    tables,
    otherCdmSchemas: elsewhere.map((row) => String(row['schema'])),
  }
}

async function hasRows(read: Read, schema: string, name: string): Promise<boolean> {
  const qualified = schema === '' ? name : `"${schema.replaceAll('"', '""')}".${name}`
  const [row] = await read({
    text: `SELECT EXISTS (FROM ${qualified} LIMIT 1) AS some`,
    values: [],
  })
  return row?.['some'] === true
}

function column(row: Row): CatalogueColumn {
  const type = String(row['type'])
  return { type, family: family(type), readable: true }
}

function family(type: string): ColumnFamily | 'other' {
  if (/^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*|FLOAT|DOUBLE)$/.test(type)) return 'number'
  if (/^(DATE|TIMESTAMP.*)$/.test(type)) return 'date'
  return type === 'VARCHAR' ? 'text' : 'other'
}
