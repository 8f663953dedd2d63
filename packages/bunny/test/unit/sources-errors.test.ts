import { describe, expect, it } from 'vitest'

import { duckDbError } from '../../src/sources/duckdb-error.ts'
import { connectionIsDead, postgresError } from '../../src/sources/postgres-error.ts'

const driverError = (message: string, code?: string): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code })

describe('an error of the PostgreSQL driver', () => {
  it.each([
    ['28P01', 'authentication', false],
    ['28000', 'authentication', false],
    ['42501', 'authentication', false],
    ['42P01', 'missing-table', false],
    ['42703', 'missing-column', false],
    ['57014', 'timeout', true],
    ['57P01', 'unavailable', true],
    ['53300', 'unavailable', true],
    ['08006', 'unavailable', true],
    ['3D000', 'unavailable', false],
    ['22P02', 'query', false],
    ['ECONNREFUSED', 'unavailable', true],
    ['ENOTFOUND', 'unavailable', true],
    ['EPIPE', 'unavailable', true],
  ])('%s becomes %s', (code, kind, retryable) => {
    expect(postgresError(driverError('text', code))).toMatchObject({ kind, retryable, code })
  })

  it('copies only names from the text', () => {
    const table = postgresError(driverError('relation "cdm.person" does not exist', '42P01'))
    expect(table.message).toBe('table cdm.person does not exist')
    const value = postgresError(
      driverError('invalid input syntax for type integer: "Mrs Smith"', '22P02'),
    )
    expect(value.message).not.toContain('Smith')
    expect(value.cause).toBeInstanceOf(Error)
  })

  it('is a dead connection if the socket is closed', () => {
    const dead = postgresError(driverError('Connection terminated unexpectedly'))
    expect(connectionIsDead(dead)).toBe(true)
    expect(connectionIsDead(postgresError(driverError('x', '57P01')))).toBe(true)
    expect(connectionIsDead(postgresError(driverError('x', '53300')))).toBe(false)
    expect(connectionIsDead(postgresError(driverError('x', '42P01')))).toBe(false)
  })
})

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
