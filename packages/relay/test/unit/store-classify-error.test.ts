import { DatabaseError } from 'pg'
import { describe, expect, it } from 'vitest'

import { StoreError } from '../../src/store/store-error.ts'
import { classifyPostgresError, classifySqliteError } from '../../src/store/classify-error.ts'

function databaseError(code: string, message: string, more: object = {}): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { code, ...more })
}

describe('the classification of a database error', () => {
  it('contains no value of a violated constraint', () => {
    const error = databaseError('23514', 'new row violates check "c", value 4711', {
      detail: 'Failing row contains (4711).',
      where: 'COPY 4711',
      constraint: 'relay_tasks_state',
    })
    const failure = classifyPostgresError(error)!
    const store = new StoreError('admit a task', failure)
    const all = JSON.stringify([
      store.message,
      store.stack,
      Object.entries(store),
      failure.cause.message,
      failure.cause.stack,
      Object.entries(failure.cause),
    ])
    expect(all).not.toContain('4711')
    expect(store.message).toBe('cannot admit a task (23514: constraint relay_tasks_state)')
    expect(store.unavailable).toBe(false)
  })

  it.each([
    '08006',
    '57P01',
    '57P03',
    '57014',
    '53100',
    '53300',
    '25006',
    '28000',
    '28P01',
    '28XXX',
    '3D000',
    '42501',
    '42P01',
  ])('treats SQLSTATE %s as an unavailable database', (code) => {
    expect(classifyPostgresError(databaseError(code, 'x'))).toMatchObject({ unavailable: true })
  })

  it.each(['40001', '40P01', '55P03'])(
    'treats SQLSTATE %s as transient, and as unavailable if repeating does not help',
    (code) => {
      expect(classifyPostgresError(databaseError(code, 'x'))).toMatchObject({
        unavailable: true,
        transient: true,
      })
    },
  )

  it.each([
    ['25006', 'the database is read-only', 'writes'],
    ['53100', 'the disk of the database is full', 'writes'],
    ['53300', 'the database has no free connection', 'everything'],
    ['28P01', 'the database rejects the password of the relay', 'everything'],
    ['3D000', 'the database does not exist', 'everything'],
    ['42501', 'the user of the relay lacks a privilege in the database', 'tables'],
  ])('names the state of SQLSTATE %s', (code, text, affects) => {
    const error = databaseError(code, 'cannot execute UPDATE in a read-only transaction')
    expect(classifyPostgresError(error)).toMatchObject({
      code,
      text,
      affects,
      hint: expect.any(String) as unknown,
    })
  })

  it.each([
    [8, 'SQLITE_READONLY', 'the database is read-only', 'writes'],
    [13, 'SQLITE_FULL', 'the disk of the database is full', 'writes'],
    [3850, 'SQLITE_IOERR', 'the disk of the database failed', 'everything'],
  ])('names the state of SQLite result code %s', (errcode, code, text, affects) => {
    const error = Object.assign(new Error('x'), { errcode })
    expect(classifySqliteError(error)).toMatchObject({ code, text, affects, unavailable: true })
  })

  it.each([
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
  ])('treats "%s" as an unavailable database', (message) => {
    expect(classifyPostgresError(new Error(message))).toMatchObject({ unavailable: true })
  })

  it('uses the first error of a host name with several addresses', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED ::1:1'), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
    })
    expect(classifyPostgresError(new AggregateError([refused]))).toMatchObject({
      code: 'ECONNREFUSED',
      unavailable: true,
    })
  })

  it('does not classify errors of the relay itself', () => {
    expect(classifyPostgresError(new TypeError('x is not a function'))).toBeNull()
    expect(classifySqliteError(new TypeError('x is not a function'))).toBeNull()
  })

  it('treats a locked SQLite file as transient', () => {
    const busy = Object.assign(new Error('database is locked'), { errcode: 517 })
    expect(classifySqliteError(busy)).toMatchObject({ transient: true, unavailable: true })
  })
})
