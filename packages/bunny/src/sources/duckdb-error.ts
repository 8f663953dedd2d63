import { SourceError } from './source-error.ts'

/**
 * DuckDB tells the kind of an error only in its text, `Catalog Error: …`. The text may quote data, so only the names
 * of tables and columns, which come out of our own statement, are taken over.
 */
export function duckDbError(error: unknown): SourceError {
  if (error instanceof SourceError) return error
  const text = error instanceof Error ? error.message : ''
  const code = /^([A-Z][A-Za-z ]+) Error:/.exec(text)?.[1] ?? ''
  const options = { code, cause: error }

  const table = /^Catalog Error: Table with name "?([\w.]+)"? does not exist/.exec(text)?.[1]
  if (table !== undefined) {
    return new SourceError('missing-table', `table ${table} does not exist`, options)
  }
  const column =
    /^Binder Error: (?:Referenced column "([\w.]+)" not found|Table "?\w+"? does not have a column named "([\w.]+)")/.exec(
      text,
    )
  if (column !== null) {
    const name = column[1] ?? column[2] ?? ''
    return new SourceError('missing-column', `column ${name} does not exist`, options)
  }
  if (code === 'INTERRUPT') {
    return new SourceError('cancelled', 'the statement was cancelled', options)
  }
  if (code === 'Out of Memory') {
    return new SourceError(
      'query',
      'the statement needs more memory than DATASOURCE_DUCKDB_MEMORY_LIMIT allows',
      options,
    )
  }
  if (/^(IO|Connection|Fatal)$/.test(code) || text.includes('not a valid DuckDB')) {
    return new SourceError('unavailable', unavailableReason(text), options)
  }
  return new SourceError('query', 'the database refused the statement', options)
}

/** These texts speak of files, never of data. */
function unavailableReason(text: string): string {
  if (text.includes('does not exist')) return 'the DuckDB file does not exist'
  if (text.includes('not a valid DuckDB')) return 'the file is not a DuckDB database'
  if (/lock/i.test(text)) return 'the DuckDB file is held by another program that writes to it'
  return 'the DuckDB file cannot be read'
}
