import { describe, expect, it } from 'vitest'

import { UNREADABLE, fieldReader } from '../../src/omop/field-reader.ts'

describe('reading a field', () => {
  it.each([
    ['8507', 8507],
    ['0', 0],
    ['-1', -1],
    ['8507.0', 8507],
    [' 42 ', 42],
    ['2147483647', 2_147_483_647],
  ])('takes %s as a concept', (text, expected) => {
    expect(fieldReader('concept')(text)).toBe(expected)
  })

  it.each(['8507.5', '1e3', '2147483648', 'abc', '1,000', '0x1F', '१', '--1', ''])(
    'refuses %s as a concept',
    (text) => {
      // Empty fields never reach a reader; one that let them through would make zeros of missing values.
      if (text !== '') expect(fieldReader('concept')(text)).toBe(UNREADABLE)
    },
  )

  it('keeps ids that a floating-point number cannot hold', () => {
    expect(fieldReader('id')('9007199254740993')).toBe(9_007_199_254_740_993n)
    expect(fieldReader('id')('9223372036854775808')).toBe(UNREADABLE)
  })

  it.each([
    ['1.5', 1.5],
    ['-0.25', -0.25],
    ['.5', 0.5],
    ['7', 7],
    ['1e-3', 0.001],
  ])('takes %s as a number', (text, expected) => {
    expect(fieldReader('number')(text)).toBe(expected)
  })

  it.each(['1,5', 'NaN', 'Infinity', '1e999', '<5', 'NULL'])('refuses %s as a number', (text) => {
    expect(fieldReader('number')(text)).toBe(UNREADABLE)
  })

  it('keeps text as it is, but for NUL, which no database takes', () => {
    expect(fieldReader('text')(' a "b" ')).toBe(' a "b" ')
    expect(fieldReader('text')('a\0b')).toBe(UNREADABLE)
  })
})
