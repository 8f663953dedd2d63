import { SourceError } from '@warren/database'
import { describe, expect, it } from 'vitest'
import { Unanswerable, unanswerableFromSource } from '../../src/solve/unanswerable.ts'

describe('reasons that leave the site', () => {
  it.each([
    'unavailable',
    'authentication',
    'missing-table',
    'missing-column',
    'timeout',
    'cancelled',
    'query',
  ] as const)('name the database failure (%s) without its host', (kind) => {
    const error = new SourceError(kind, 'no connection to db-7.internal:5432')
    const { message } = unanswerableFromSource(error)
    expect(message).not.toContain('db-7')
    expect(message).toMatch(/^The (database|query) .+\.$/)
  })

  it('are one line of limited length, whatever the task contains', () => {
    const { message } = new Unanswerable('invalid', `a\nb\t\u0000${'x'.repeat(5000)}`)
    expect(message.startsWith('a b x')).toBe(true)
    expect(message.length).toBeLessThanOrEqual(600)
  })
})
