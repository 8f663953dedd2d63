/** What may be bound to a placeholder. Dates travel as ISO text (`2015-01-06`) and are cast in the SQL. */
export type SqlValue = string | number | bigint | null

/**
 * One row of an answer, by column name. Integers and decimals arrive as `number` (as `bigint` when they do not fit
 * exactly), dates as `YYYY-MM-DD`, timestamps as `YYYY-MM-DD HH:MM:SS[.ffffff]`, whatever the engine.
 */
export type Row = { readonly [column: string]: SqlValue | boolean }

/** Placeholders are `$1`, `$2`, … in every dialect that a source here speaks; a placeholder may occur more than once. */
export interface SqlStatement {
  readonly text: string
  readonly values: readonly SqlValue[]
}

export type SqlDialect = 'postgres' | 'duckdb' | 'mssql'

export interface QueryOptions {
  /** Aborting stops the statement in the database too, and rejects with `SourceError` of kind `cancelled`. */
  readonly signal?: AbortSignal
}

/** Which of the optional tables the site lets us read; both default to false. */
export interface CheckOptions extends QueryOptions {
  readonly specimen?: boolean
  readonly location?: boolean
}

export type CdmProblemCode =
  | 'missing-table'
  | 'missing-column'
  | 'wrong-type'
  | 'no-privilege'
  | 'missing-index'
  | 'empty-table'

export interface CdmProblem {
  /** `error`: questions will fail. `warning`: a few kinds will, or answers come slowly, or are all zero. */
  readonly severity: 'error' | 'warning'
  readonly code: CdmProblemCode
  readonly table: string
  readonly column?: string
  /** What is wrong, in a sentence without data from the database. */
  readonly message: string
  /** What to do about it, usually a statement that can be pasted. */
  readonly hint: string
}

export interface CdmCheck {
  /** No problem is an `error`. */
  readonly ok: boolean
  /** Engine and version, e.g. `PostgreSQL 17.2`. */
  readonly server: string
  readonly schema: string
  readonly problems: readonly CdmProblem[]
}

/**
 * A hospital's OMOP CDM database, as far as questions need it: read only, and bounded in connections and time.
 * Every failure is a `SourceError` whose message holds no value from the statement or the data. A pooled connection
 * that turns out to be dead is replaced and the statement run once more on a new one (reading twice does no harm);
 * nothing else is retried here.
 */
export interface CdmSource extends AsyncDisposable {
  readonly dialect: SqlDialect
  /** The schema the CDM tables live in; `''` when the connection's own search path finds them. */
  readonly schema: string
  /** Runs one reading statement. All rows are held in memory: ask for aggregates. */
  query(statement: SqlStatement, options?: QueryOptions): Promise<readonly Row[]>
  /** Looks at tables, columns, privileges and indexes in the catalogue; reads no patient row beyond whether one exists. */
  check(options?: CheckOptions): Promise<CdmCheck>
}
