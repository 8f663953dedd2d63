import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AlternativesFormatError, decodeAlternatives, encodeAlternatives } from '../../src/index.ts'

const decoded = (text: string) => Object.fromEntries(decodeAlternatives(text))

describe('decodeAlternatives', () => {
  it.each<[string, Record<string, number>]>([
    ['', {}],
    ['^FEMALE|75^MALE|50^', { FEMALE: 75, MALE: 50 }],
    ['^MALE|50^FEMALE|75^UNKNOWN|104^', { MALE: 50, FEMALE: 75, UNKNOWN: 104 }],
    ['^MALE|50^', { MALE: 50 }],
    ['^^', {}],
    ['^', {}],
    ['  ', {}],
    ['nan', {}],
    ['NaN', {}],
    ['MALE|50^FEMALE|75', { MALE: 50, FEMALE: 75 }],
    ['^MALE|50.0^', { MALE: 50 }],
    ['^__proto__|3^constructor|4^', JSON.parse('{"__proto__":3,"constructor":4}')],
  ])('reads %j', (text, expected) => {
    expect(decoded(text)).toEqual(expected)
  })

  it('keeps the order of the keys', () => {
    expect([...decodeAlternatives('^b|1^a|2^10|3^').keys()]).toEqual(['b', 'a', '10'])
  })

  it('keeps the first spelling and the last number of a repeated key', () => {
    expect(decoded('^Male|1^Female|2^MALE|3^')).toEqual({ Male: 3, Female: 2 })
  })

  it('skips pieces that are not key and number', () => {
    expect(decoded('^Male^A|1|2^Female|3^')).toEqual({ Female: 3 })
  })

  it.each(['^A|x^', '^A|^', '^A|1.5^', '^A|-1^', '^A|1e3^', '^A|99999999999999999^'])(
    'rejects %j, which is not a number of people',
    (text) => {
      expect(() => decodeAlternatives(text)).toThrow(AlternativesFormatError)
    },
  )
})

describe('encodeAlternatives', () => {
  it.each<[string, [string, number][], string]>([
    [
      'TEST',
      [
        ['Female', 75],
        ['MALE', 50],
      ],
      '^Female|75^MALE|50^',
    ],
    [
      'TEST',
      [
        ['MALE', 50],
        ['FEMALE', 75],
        ['UNKNOWN', 104],
      ],
      '^MALE|50^FEMALE|75^UNKNOWN|104^',
    ],
    ['TEST', [['MALE', 50]], '^MALE|50^'],
    ['TEST', [], ''],
    [
      'SEX',
      [
        ['female', 75],
        ['MALE', 50],
      ],
      '^Male|50^Female|75^',
    ],
    [
      'SEX',
      [
        ['MALE', 50],
        ['FEMALE', 75],
        ['UNKNOWN', 104],
      ],
      '^Male|50^Female|75^',
    ],
    ['SEX', [['MALE', 50]], '^Male|50^Female|0^'],
    ['SEX', [], ''],
    [
      'GENOMICS',
      [
        ['No', 50],
        ['Imputed whole genome data', 75],
        ['Imputed partial genome data', 104],
      ],
      '^No|50^Imputed whole genome data|75^Imputed partial genome data|104^',
    ],
    [
      'GENOMICS',
      [
        ['Imputed whole genome data', 75],
        ['No', 50],
      ],
      '^No|50^Imputed whole genome data|75^',
    ],
    ['GENOMICS', [['Imputed whole genome data', 75]], '^No|0^Imputed whole genome data|75^'],
    ['GENOMICS', [], ''],
    [
      'AGE',
      [
        ['FEMALE', 75],
        ['MALE', 50],
      ],
      '',
    ],
  ])('writes %s %j as %j', (code, entries, expected) => {
    expect(encodeAlternatives(code, new Map(entries))).toBe(expected)
  })

  it('adds up keys that are the same on the wire', () => {
    expect(
      encodeAlternatives(
        'SEX',
        new Map([
          ['male', 1],
          ['MALE', 2],
        ]),
      ),
    ).toBe('^Male|3^Female|0^')
    expect(
      encodeAlternatives(
        'X',
        new Map([
          ['a|b', 1],
          ['a b', 2],
        ]),
      ),
    ).toBe('^a b|3^')
  })

  it('removes separators from keys, so that no key can forge another', () => {
    expect(encodeAlternatives('X', new Map([['A|1^B', 5]]))).toBe('^A 1 B|5^')
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('rejects %d people', (count) => {
    expect(() => encodeAlternatives('X', new Map([['A', count]]))).toThrow(RangeError)
  })
})

describe('ALTERNATIVES, encoded and decoded', () => {
  const key = fc
    .string({ minLength: 1, unit: 'grapheme' })
    .filter((text) => !/[\^|\t\r\n]/.test(text))
  const entries = fc.uniqueArray(fc.tuple(key, fc.nat()), {
    selector: ([name]) => name.toLowerCase(),
    minLength: 1,
  })

  it('are unchanged', () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect([...decodeAlternatives(encodeAlternatives('ANY', new Map(list)))]).toEqual(list)
      }),
    )
  })

  it('are a map or an AlternativesFormatError for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('^', '|', 'a', '1', '-', '.', ' ', 'é') }),
        (text) => {
          try {
            for (const count of decodeAlternatives(text).values()) {
              expect(Number.isSafeInteger(count) && count >= 0).toBe(true)
            }
          } catch (error: unknown) {
            expect(error).toBeInstanceOf(AlternativesFormatError)
          }
        },
      ),
    )
  })
})
