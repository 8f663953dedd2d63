import type { CdmTable } from './cdm-tables.ts'
import type { RowBatch } from './row-batch.ts'

export interface TargetPlan {
  /** Tables that rows will be appended to; all tables of the CDM are created. */
  readonly tables: readonly CdmTable[]
  /** Empties every CDM table first, also those that get no rows now: half an old data set would answer wrongly. */
  readonly replace: boolean
}

export interface RowCount {
  readonly table: string
  readonly rows: number
}

/**
 * A database that a CDM is written into, all or nothing: until `commit` nobody else sees a row, and disposing of the
 * target without it leaves the database as it was.
 */
export interface OmopTarget extends AsyncDisposable {
  /** For a person, e.g. `duckdb:hospital.duckdb`; no password. */
  readonly description: string
  /** Creates what is missing. Throws `ProgramError` when a table that gets rows has some already and `replace` is off. */
  begin(plan: TargetPlan): Promise<void>
  /** The batch may be reused once this has resolved. */
  append(batch: RowBatch): Promise<void>
  /** Columns that the target's own, older tables lack, as `table.column`; their values were left out. */
  readonly skippedColumns: readonly string[]
  /** How many rows share their key with another row, by table; tables without such rows are absent. */
  duplicateKeys(): Promise<readonly RowCount[]>
  /** How many rows belong to persons that are not in `person`, by table. */
  orphans(): Promise<readonly RowCount[]>
  /** Builds keys, indexes and statistics where the engine uses them, then makes everything visible at once. */
  commit(): Promise<void>
}

/** Tables whose rows belong to a person. */
export function belongsToPerson(table: CdmTable): boolean {
  return table.name !== 'person' && table.columns.some(({ name }) => name === 'person_id')
}
