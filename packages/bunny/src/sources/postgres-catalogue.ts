import {
  requiredTables,
  type Catalogue,
  type CatalogueColumn,
  type CatalogueTable,
} from './cdm-check.ts'
import type { CheckOptions, Row, SqlStatement } from './cdm-source.ts'
import type { ColumnFamily } from './cdm-requirements.ts'
import { alwaysQuoted } from './quote-identifier.ts'

type Read = (statement: SqlStatement) => Promise<readonly Row[]>

/** One row per table, from the first schema of the search path that has it, as for an unqualified name. */
const TABLES = `
SELECT DISTINCT ON (lower(c.relname)) c.oid::bigint AS oid, c.relname AS name, n.nspname AS schema,
       c.relkind IN ('v', 'm', 'f') AS is_view,
       has_schema_privilege(n.oid, 'USAGE') AS usable
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND lower(c.relname) = ANY (string_to_array($1, ','))
   AND CASE WHEN $2 = '' THEN n.nspname = ANY (current_schemas(false)) ELSE n.nspname = $2 END
 ORDER BY lower(c.relname), (c.relname = lower(c.relname)) DESC, array_position(current_schemas(false), n.nspname)`

const COLUMNS = `
SELECT a.attrelid::bigint AS oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       t.typcategory AS category, has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attrelid = ANY (string_to_array($1, ',')::oid[]) AND a.attnum > 0 AND NOT a.attisdropped`

/** The first columns of indexes that a lookup by value can use: valid, not partial, and not BRIN or GIN. */
const INDEXED = `
SELECT i.indrelid::bigint AS oid, a.attname AS name
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am m ON m.oid = c.relam AND m.amname IN ('btree', 'hash')
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
 WHERE i.indrelid = ANY (string_to_array($1, ',')::oid[])
   AND i.indisvalid AND i.indisready AND i.indpred IS NULL`

const ELSEWHERE = `
SELECT n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relname = 'person' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1 LIMIT 5`

export async function readPostgresCatalogue(
  read: Read,
  schema: string,
  options: CheckOptions,
): Promise<Catalogue & { server: string }> {
  const wanted = requiredTables(options)
  const names = wanted.map(({ name }) => name).join(',')
  const [version] = await read({
    text: `SELECT current_setting('server_version') AS server_version, current_user AS "user"`,
    values: [],
  })
  const found = await read({ text: TABLES, values: [names, schema] })
  const oids = found.map(({ oid }) => String(oid)).join(',')
  const columnRows = await read({ text: COLUMNS, values: [oids] })
  const indexRows = await read({ text: INDEXED, values: [oids] })

  const tables = new Map<string, CatalogueTable>()
  for (const table of found) {
    const spelling = String(table['name'])
    const name = spelling.toLowerCase()
    const usable = table['usable'] === true
    const columns = new Map(
      columnRows
        .filter(({ oid }) => oid === table['oid'])
        .map((row) => [String(row['name']), catalogueColumn(row, usable)] as const),
    )
    const mustHaveRows = wanted.find((one) => one.name === name)?.mustHaveRows === true
    const allReadable = [...columns.values()].every(({ readable }) => readable)
    tables.set(name, {
      name,
      spelling,
      isView: table['is_view'] === true,
      columns,
      indexedColumns: new Set(
        indexRows.filter(({ oid }) => oid === table['oid']).map((row) => String(row['name'])),
      ),
      hasRows: !mustHaveRows || !allReadable || (await hasRows(read, table)),
    })
  }
  const elsewhere = tables.has('person') ? [] : await read({ text: ELSEWHERE, values: [] })
  return {
    server: `PostgreSQL ${String(version?.['server_version'] ?? '')}`.trim(),
    schema,
    user: String(version?.['user'] ?? ''),
    tables,
    otherCdmSchemas: elsewhere.map((row) => String(row['schema'])),
  }
}

async function hasRows(read: Read, table: Row): Promise<boolean> {
  const qualified = `${alwaysQuoted(String(table['schema']))}.${alwaysQuoted(String(table['name']))}`
  const [row] = await read({
    text: `SELECT EXISTS (SELECT 1 FROM ${qualified}) AS some`,
    values: [],
  })
  return row?.['some'] === true
}

function catalogueColumn(row: Row, schemaUsable: boolean): CatalogueColumn {
  return {
    family: family(String(row['category'])),
    type: String(row['type']),
    readable: schemaUsable && row['readable'] === true,
  }
}

/** `pg_type.typcategory`: N numeric, D date and time, S string. */
function family(category: string): ColumnFamily | 'other' {
  switch (category) {
    case 'N':
      return 'number'
    case 'D':
      return 'date'
    case 'S':
      return 'text'
    default:
      return 'other'
  }
}
