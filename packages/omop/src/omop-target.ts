import { isReadByTasks, type CdmColumn, type CdmTable } from '@warren/cdm'
import type { RowBatch } from './row-batch.ts'

export interface TargetPlan {
  /** The tables that get rows. All tables of the CDM are created. */
  readonly tables: readonly CdmTable[]
  /** Whether all CDM tables are emptied first, including those without new rows: a mix of two data sets gives wrong counts. */
  readonly replace: boolean
}

export interface RowCount {
  readonly table: string
  readonly rows: number
}

/**
 * A database into which a CDM is written atomically. No row is visible before `commit`. Disposing the target without it
 * leaves the database unchanged.
 */
export interface OmopTarget extends AsyncDisposable {
  /** For messages, such as `duckdb:hospital.duckdb`. Without the password. */
  readonly description: string
  /** Creates missing tables. Throws `ProgramError` if a table in the plan already has rows and `replace` is false. */
  begin(plan: TargetPlan): Promise<void>
  /** The caller can reuse the batch when this has resolved. */
  append(batch: RowBatch): Promise<void>
  /** Columns that existing tables of the target do not have, as `table.column`. Their values are skipped. */
  readonly skippedColumns: readonly string[]
  /** How many rows repeat the key of another row, by table. Tables without such rows are absent. */
  duplicateKeys(): Promise<readonly RowCount[]>
  /** How many rows have a `person_id` that is not in `person`, by table. */
  orphans(): Promise<readonly RowCount[]>
  /** Creates keys, indexes and statistics if the engine uses them, then makes all rows visible at once. */
  commit(): Promise<void>
}

/** Whether the rows of a table belong to people. */
export function belongsToPerson(table: CdmTable): boolean {
  return table.name !== 'person' && table.columns.some(({ name }) => name === 'person_id')
}

/** Whether every row has a value: the key of an event may be missing, because no task reads it. */
export function isNeverNull(table: CdmTable, column: CdmColumn): boolean {
  return column.required && isReadByTasks(table, column)
}
