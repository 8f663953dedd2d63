import type {
  CdmSource,
  QueryOptions,
  Row,
  RowReader,
  SqlDialect,
  SqlStatement,
} from '../sources/cdm-source.ts'

export interface RecordedStatement extends SqlStatement {
  /** How long it took; absent without a database. */
  readonly durationMs?: number
}

/**
 * Records the statements of a solver. With a database it runs them there; without one every statement returns no rows, which
 * is enough to see the statements themselves.
 */
export class RecordingSource implements CdmSource {
  readonly dialect: SqlDialect
  readonly schema: string
  readonly statements: RecordedStatement[] = []
  readonly #source: Pick<CdmSource, 'query' | 'each'> | undefined

  constructor(target: {
    dialect: SqlDialect
    schema: string
    source?: Pick<CdmSource, 'query' | 'each'>
  }) {
    this.dialect = target.dialect
    this.schema = target.schema
    this.#source = target.source
  }

  async query(statement: SqlStatement, options?: QueryOptions): Promise<readonly Row[]> {
    if (this.#source === undefined) {
      this.statements.push(statement)
      return []
    }
    const startedAt = performance.now()
    const rows = await this.#source.query(statement, options)
    this.statements.push({ ...statement, durationMs: Math.round(performance.now() - startedAt) })
    return rows
  }

  async each(
    statement: SqlStatement,
    start: () => RowReader,
    options?: QueryOptions,
  ): Promise<void> {
    if (this.#source === undefined) {
      this.statements.push(statement)
      start()
      return
    }
    const startedAt = performance.now()
    await this.#source.each(statement, start, options)
    this.statements.push({ ...statement, durationMs: Math.round(performance.now() - startedAt) })
  }

  check(): ReturnType<CdmSource['check']> {
    return Promise.reject(new Error('a recording source does not check'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}
