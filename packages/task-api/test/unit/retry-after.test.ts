import { describe, expect, it } from 'vitest'
import { parseRetryAfter } from '../../src/index.ts'

const NOW = Date.parse('2026-02-03T10:00:00Z')

describe('parseRetryAfter', () => {
  it.each([
    ['5', 5000],
    [' 0 ', 0],
    ['Tue, 03 Feb 2026 10:00:30 GMT', 30_000],
    ['Tue, 03 Feb 2026 09:00:00 GMT', 0],
    ['999999999', 3_600_000],
    ['Fri, 31 Dec 2100 00:00:00 GMT', 3_600_000],
    ['', undefined],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['2026', 2_026_000],
    [undefined, undefined],
  ])('reads %j as %j ms', (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected)
  })

  it('measures a date from the date of the server, if there is one', () => {
    const at = 'Tue, 03 Feb 2026 10:00:30 GMT'
    // The clock of this machine is ten minutes ahead.
    expect(parseRetryAfter(at, NOW + 600_000, 'Tue, 03 Feb 2026 10:00:00 GMT')).toBe(30_000)
    expect(parseRetryAfter(at, NOW, 'soon')).toBe(30_000)
  })

  it('uses the first of several', () => {
    expect(parseRetryAfter(['1', '2'], NOW)).toBe(1000)
  })
})
