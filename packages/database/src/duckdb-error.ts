import { SourceError } from './source-error.ts'

/**
 * Classifies an error of DuckDB by its text, `Catalog Error: …`, which is the only source of its kind. The text may quote
 * data, so only names of tables and columns are copied: they come from our own statement.
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
  return new SourceError('query', 'the database rejected the statement', options)
}

/** These texts contain file names, but no data. */
function unavailableReason(text: string): string {
  if (text.includes('does not exist')) return 'the DuckDB file does not exist'
  if (text.includes('not a valid DuckDB')) return 'the file is not a DuckDB database'
  if (text.includes('No such file or directory')) return 'the folder of the file does not exist'
  if (/lock/i.test(text)) return 'another program has the DuckDB file open for writing'
  return 'cannot read the DuckDB file'
}
