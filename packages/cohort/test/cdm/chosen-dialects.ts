import { SQL_DIALECTS, type SqlDialect } from '../../src/index.ts'

/**
 * The dialects to test: those in the variable `DIALECTS`, such as `DIALECTS=duckdb`, or all. One of them makes a quick run.
 */
export const CHOSEN_DIALECTS: readonly SqlDialect[] = choose(process.env['DIALECTS'])

function choose(names: string | undefined): readonly SqlDialect[] {
  if (names === undefined || names.trim() === '') return SQL_DIALECTS
  return names.split(',').map((name) => {
    const dialect = SQL_DIALECTS.find((known) => known === name.trim())
    if (dialect !== undefined) return dialect
    throw new Error(`DIALECTS: unknown dialect ${name.trim()}: write ${SQL_DIALECTS.join(', ')}`)
  })
}
