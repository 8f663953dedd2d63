import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { dayNumber, isoDate, isoTimestamp, parseDate, parseTimestamp } from '../../src/cdm-date.ts'

const SIXTH_OF_JANUARY = dayNumber(2015, 1, 6)

describe('a date of an export', () => {
  it.each(['2015-01-06', '2015-1-6', '20150106', '2015-01-06 00:00:00', '2015-01-06T23:59:59Z'])(
    'is read from %s',
    (text) => {
      expect(parseDate(text)).toBe(SIXTH_OF_JANUARY)
    },
  )

  it.each([
    '06/01/2015',
    '01/06/2015',
    '6.1.2015',
    '06-01-2015',
    '15-01-06',
    '2015-13-01',
    '2015-02-29',
    '20150230',
    '2015',
    '201501',
    '0000-01-01',
    '2015-01-06x',
    'yesterday',
  ])('is rejected if it is ambiguous or does not exist: %s', (text) => {
    expect(parseDate(text)).toBeUndefined()
  })

  it('respects leap years', () => {
    expect(parseDate('2016-02-29')).toBe(dayNumber(2016, 2, 29))
    expect(parseDate('1900-02-29')).toBeUndefined()
    expect(parseDate('2000-02-29')).toBe(dayNumber(2000, 2, 29))
  })

  it('is written as it was read, for each day of a thousand years', () => {
    const anyDay = fc.integer({ min: -200_000, max: 165_000 })
    fc.assert(
      fc.property(anyDay, (day) => {
        expect(parseDate(isoDate(day))).toBe(day)
      }),
    )
  })
})

describe('a timestamp of an export', () => {
  it.each([
    ['2015-01-06', '2015-01-06 00:00:00'],
    ['2015-01-06 10:20', '2015-01-06 10:20:00'],
    ['2015-1-6T9:05:07', '2015-01-06 09:05:07'],
    ['2015-01-06 10:20:30.5', '2015-01-06 10:20:30.500000'],
    ['2015-01-06 10:20:30.123456789', '2015-01-06 10:20:30.123456'],
    ['20150106 10:20:30', '2015-01-06 10:20:30'],
    ['1931-01-06 10:20:30', '1931-01-06 10:20:30'],
  ])('reads %s as %s', (text, expected) => {
    const micros = parseTimestamp(text)
    expect(micros === undefined ? undefined : isoTimestamp(micros)).toBe(expected)
  })

  it.each(['+02:00', ' +0000 UTC', ' UTC', ' GMT', 'Z', ' America/New_York'])(
    'drops the zone "%s", because the CDM keeps wall-clock time',
    (zone) => {
      const expected = parseTimestamp('2015-01-06 10:20:30')
      expect(parseTimestamp(`2015-01-06T10:20:30${zone}`)).toBe(expected)
    },
  )

  it.each(['2015-01-06 24:00', '2015-01-06 10:60', '2015-01-06 10', '06/01/2015 10:20'])(
    'rejects %s',
    (text) => {
      expect(parseTimestamp(text)).toBeUndefined()
    },
  )
})
