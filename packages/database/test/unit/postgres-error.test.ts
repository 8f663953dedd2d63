import { describe, expect, it } from 'vitest'

import { connectionIsDead, postgresError } from '../../src/index.ts'

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
