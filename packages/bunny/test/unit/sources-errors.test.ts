import { describe, expect, it } from 'vitest'

import { duckDbError } from '@warren/database'

describe('an error of DuckDB', () => {
  it.each([
    ['Catalog Error: Table with name nope does not exist!', 'missing-table', 'table nope'],
    [
      'Catalog Error: Table with name "cdm.nope" does not exist because',
      'missing-table',
      'cdm.nope',
    ],
    ['Binder Error: Referenced column "nope" not found in FROM clause!', 'missing-column', 'nope'],
    ['Binder Error: Table "p" does not have a column named "nope"', 'missing-column', 'nope'],
    ['INTERRUPT Error: Interrupted!', 'cancelled', 'cancelled'],
    ['Out of Memory Error: failed to pin block', 'query', 'MEMORY_LIMIT'],
    ['IO Error: Could not set lock on file "/x.duckdb"', 'unavailable', 'another program'],
  ])('%s', (text, kind, mentions) => {
    const error = duckDbError(new Error(text))
    expect(error.kind).toBe(kind)
    expect(error.message).toContain(mentions)
  })

  it('contains no value', () => {
    const error = duckDbError(new Error('Conversion Error: date field out of range: "2015-13-01"'))
    expect(error).toMatchObject({ kind: 'query', code: 'Conversion' })
    expect(error.message).not.toContain('2015')
  })
})
