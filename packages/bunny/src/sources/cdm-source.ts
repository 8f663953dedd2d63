import type { TableSwitch } from '@warren/cdm'
import type { SqlDialect, SqlStatement, SqlValue } from '@warren/cohort'

export type { SqlDialect, SqlStatement, SqlValue } from '@warren/cohort'

/**
 * A row by column name, the same for all engines. Integers and decimals are `number` (`bigint` if they do not fit
 * exactly), dates `YYYY-MM-DD` and timestamps `YYYY-MM-DD HH:MM:SS[.ffffff]`.
 */
export type Row = { readonly [column: string]: SqlValue | boolean }

/** Takes one row. Returns before the next one is read, and does not keep the row. */
export type RowReader = (row: Row) => void

export interface QueryOptions {
  /** Aborting stops the statement in the database too, and rejects with `SourceError` of kind `cancelled`. */
  readonly signal?: AbortSignal
  /** The database stops the statement after this time, even if this process is gone. Default: the limit of the source. */
  readonly timeoutMs?: number
}

/** Which optional tables the site enables. Default: none. */
export type CheckOptions = QueryOptions & { readonly [table in TableSwitch]?: boolean } & {
  /** Whether tasks read `concept_ancestor`. */
  readonly descendants?: boolean
  /** Whether tasks leave out people who are in `death`. */
  readonly withoutDead?: boolean
}

export type CdmProblemCode =
  | 'missing-table'
  | 'missing-column'
  | 'wrong-type'
  | 'no-privilege'
  | 'missing-index'
  | 'empty-table'
  | 'duplicate-person'

export interface CdmProblem {
  /** `error`: tasks will fail. `warning`: a few kinds of tasks will, or tasks are slow, or each count is 0. */
  readonly severity: 'error' | 'warning'
  readonly code: CdmProblemCode
  readonly table: string
  readonly column?: string
  /** The problem, without data from the database. */
  readonly message: string
  /** The fix, as a statement to paste if possible. */
  readonly hint: string
}

export interface CdmCheck {
  /** No problem is an `error`. */
  readonly ok: boolean
  /** Engine and version, such as `PostgreSQL 17.2`. */
  readonly server: string
  readonly schema: string
  readonly problems: readonly CdmProblem[]
}

/**
 * The OMOP database of a site, read-only and with limits on connections and time. Each failure is a `SourceError` whose
 * message contains no value from the statement or the data. If a pooled connection is dead, the statement runs once more
 * on a new one, which is safe because it only reads. Nothing else is retried here.
 */
export interface CdmSource extends AsyncDisposable {
  readonly dialect: SqlDialect
  /** The schema of the CDM tables. `''` for the search path of the connection. */
  readonly schema: string
  /** Since when the database has not been available, in milliseconds since the epoch, if that is known. */
  readonly unavailableSince?: number | undefined
  /** Runs one statement that reads, in the SQL of `dialect`. All rows are held in memory, so query aggregates. */
  query(statement: SqlStatement, options?: QueryOptions): Promise<readonly Row[]>
  /**
   * Like `query`, but passes each row on as it arrives, so that a large result is never in memory. All rows are from one
   * snapshot of the database. `start` is called for each attempt: rows that an earlier one has passed on do not count.
   */
  each(statement: SqlStatement, start: () => RowReader, options?: QueryOptions): Promise<void>
  /**
   * Checks tables, columns, privileges and indexes in the catalogue. Of patient data, reads only whether a row exists, and
   * whether `person_id` is unique.
   */
  check(options?: CheckOptions): Promise<CdmCheck>
}

/** A source that the caller closes. */
export const borrowed = (source: CdmSource): CdmSource => ({
  dialect: source.dialect,
  schema: source.schema,
  query: (statement, options) => source.query(statement, options),
  each: (statement, start, options) => source.each(statement, start, options),
  check: (options) => source.check(options),
  [Symbol.asyncDispose]: () => Promise.resolve(),
})
