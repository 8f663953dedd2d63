import { describe, expect, it } from 'vitest'

import { UNREADABLE, fieldReader } from '../../src/field-reader.ts'

describe('reading a field', () => {
  it.each([
    ['8507', 8507],
    ['0', 0],
    ['-1', -1],
    ['8507.0', 8507],
    [' 42 ', 42],
    ['2147483647', 2_147_483_647],
  ])('reads %s as a concept', (text, expected) => {
    expect(fieldReader('concept')(text)).toBe(expected)
  })

  it.each(['8507.5', '1e3', '2147483648', 'abc', '1,000', '0x1F', '१', '--1', ''])(
    'rejects %s as a concept',
    (text) => {
      // Empty fields never reach a reader. If it accepted them, missing values would become 0.
      if (text !== '') expect(fieldReader('concept')(text)).toBe(UNREADABLE)
    },
  )

  it('keeps IDs that do not fit into a floating-point number', () => {
    expect(fieldReader('id')('9007199254740993')).toBe(9_007_199_254_740_993n)
    expect(fieldReader('id')('9223372036854775808')).toBe(UNREADABLE)
  })

  it.each([
    ['1.5', 1.5],
    ['-0.25', -0.25],
    ['.5', 0.5],
    ['7', 7],
    ['1e-3', 0.001],
  ])('reads %s as a number', (text, expected) => {
    expect(fieldReader('number')(text)).toBe(expected)
  })

  it.each(['1,5', 'NaN', 'Infinity', '1e999', '<5', 'NULL'])('rejects %s as a number', (text) => {
    expect(fieldReader('number')(text)).toBe(UNREADABLE)
  })

  it('keeps text unchanged, but rejects NUL, which databases do not accept', () => {
    expect(fieldReader('text')(' a "b" ')).toBe(' a "b" ')
    expect(fieldReader('text')('a\0b')).toBe(UNREADABLE)
  })
})
