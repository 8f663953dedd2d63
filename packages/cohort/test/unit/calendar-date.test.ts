import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatIsoDate,
  localDate,
  minus,
  parseIsoDate,
  plusDays,
} from '../../src/evaluate/calendar-date.ts'

const days = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((moment) => parseIsoDate(moment.toISOString().slice(0, 10)))

describe('a calendar date', () => {
  it.each([
    ['2026-03-31', 1, 'month', '2026-02-28'],
    ['2024-03-31', 1, 'month', '2024-02-29'],
    ['2024-03-30', 13, 'month', '2023-02-28'],
    ['2026-01-15', 1, 'month', '2025-12-15'],
    ['2026-01-15', 25, 'month', '2023-12-15'],
    ['2024-02-29', 1, 'year', '2023-02-28'],
    ['2024-02-29', 4, 'year', '2020-02-29'],
    ['2000-03-01', 1, 'day', '2000-02-29'],
    ['1900-03-01', 1, 'day', '1900-02-28'],
    ['2026-01-03', 1, 'week', '2025-12-27'],
    ['2026-06-15', 0, 'month', '2026-06-15'],
    ['0150-06-15', 100, 'year', '0050-06-15'],
  ] as const)('%s minus %i %s is %s', (from, count, unit, expected) => {
    expect(formatIsoDate(minus(parseIsoDate(from), count, unit))).toBe(expected)
  })

  it('subtracts the days that were added', () => {
    fc.assert(
      fc.property(days, fc.nat(100_000), (day, count) => {
        expect(minus(plusDays(day, count), count, 'day')).toEqual(day)
      }),
    )
  })

  it('goes back by exactly the given number of months', () => {
    fc.assert(
      fc.property(days, fc.nat(1200), (day, count) => {
        const earlier = minus(day, count, 'month')
        expect((day.year - earlier.year) * 12 + day.month - earlier.month).toBe(count)
        expect(earlier.day).toBeLessThanOrEqual(day.day)
      }),
    )
  })

  it('has the same order as text', () => {
    fc.assert(
      fc.property(days, fc.integer({ min: 1, max: 5000 }), (day, count) => {
        expect(formatIsoDate(day) < formatIsoDate(plusDays(day, count))).toBe(true)
      }),
    )
  })

  it('is the local date, even shortly before midnight', () => {
    expect(localDate(new Date(2026, 2, 31, 23, 59))).toEqual({ year: 2026, month: 3, day: 31 })
    expect(localDate(new Date(2026, 3, 1, 0, 0))).toEqual({ year: 2026, month: 4, day: 1 })
  })

  it('rejects invalid dates', () => {
    expect(() => localDate(new Date(Number.NaN))).toThrow(RangeError)
    expect(() => parseIsoDate('01/02/2026')).toThrow('a date must be written YYYY-MM-DD')
    expect(() => formatIsoDate({ year: 0, month: 12, day: 31 })).toThrow(RangeError)
  })
})
