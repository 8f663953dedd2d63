import { CDM_EVENT_TABLES } from '@warren/cdm'
import type { SqlStatement } from '@warren/cohort'

import type { CdmSource, Row } from './cdm-source.ts'

/** Columns that tasks read where they exist, and are right without: `table.column`. */
const OPTIONAL_COLUMNS: readonly string[] = [
  'person.month_of_birth',
  'person.day_of_birth',
  'concept.vocabulary_id',
  'concept.concept_code',
  ...CDM_EVENT_TABLES.flatMap(({ name, event: { datetime, unit, unitText } }) =>
    [datetime, unit, unitText].flatMap((column) => (column === null ? [] : [`${name}.${column}`])),
  ),
]

/** How long the answer is used: a site may add a column. */
const USED_FOR_MS = 300_000

const known = new WeakMap<object, { readonly until: number; readonly absent: readonly string[] }>()

/**
 * The optional columns that the database does not have, or that its user cannot read, which is the same for a task.
 * `read` runs the statement.
 */
export async function absentColumns(
  source: CdmSource,
  read: (statement: SqlStatement) => Promise<readonly Row[]>,
  now: number,
): Promise<readonly string[]> {
  const before = known.get(source)
  if (before !== undefined && now < before.until) return before.absent
  const rows = await read(columnsOf(source.schema))
  const present = new Set(rows.map((row) => `${String(row['table'])}.${String(row['column'])}`))
  const absent = OPTIONAL_COLUMNS.filter((column) => !present.has(column))
  known.set(source, { until: now + USED_FOR_MS, absent })
  return absent
}

/** The standard's view shows only columns that the user may use. */
function columnsOf(schema: string): SqlStatement {
  const where =
    schema === ''
      ? 'table_schema IN (SELECT unnest(current_schemas(true)))'
      : 'lower(table_schema) = lower($1)'
  return {
    text: `SELECT lower(table_name) AS "table", lower(column_name) AS "column"
FROM information_schema.columns WHERE ${where}`,
    values: schema === '' ? [] : [schema],
  }
}
