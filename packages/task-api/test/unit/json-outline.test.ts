import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseJsonOutline } from '../../src/index.ts'

const LONG = 70_000

/** What `JSON.parse` makes of the text, with every string of more than 1,024 bytes (as written) replaced. */
function outline(text: string): unknown {
  const parsed: unknown = JSON.parse(text)
  const shorten = (value: unknown): unknown => {
    if (typeof value === 'string') return value.length > 1_000 ? '…' : value
    if (Array.isArray(value)) return value.map((item) => shorten(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [String(shorten(name)), shorten(member)]),
    )
  }
  return shorten(parsed)
}

describe('the outline of a JSON text', () => {
  it.each([
    ['{"a":[1,"b",null,true],"c":{}}'],
    ['"\\"\\\\"'],
    [JSON.stringify({ a: 'x'.repeat(LONG), b: '"\\'.repeat(LONG), ['k'.repeat(LONG)]: 1 })],
    [JSON.stringify(['é漢😀\u2028'.repeat(LONG), '\n\t\u0001'.repeat(LONG)])],
    [`["${String.raw`\u00e9\\\n`.repeat(LONG)}"]`],
    [`  [ "${'A'.repeat(LONG)}" , 2 ] `],
  ])('is that of JSON.parse, without the long strings: %#', (text) => {
    expect(parseJsonOutline(Buffer.from(text))).toEqual(outline(text))
  })

  it.each([
    ['a control character', '\u0001'],
    ['an unknown escape', '\\x41'],
    ['half an escape', '\\u1G'],
    ['a line break', '\n'],
  ])('does not exist if a long string contains %s, wherever that is', (_, bad) => {
    for (const before of [0, 1, 65_530, 65_533, 65_535, 65_536, 65_537, 69_000]) {
      const text = `["${'A'.repeat(before)}${bad}${'A'.repeat(LONG - before)}"]`
      expect(() => parseJsonOutline(Buffer.from(text))).toThrow(SyntaxError)
    }
  })

  it.each(['', '{', `"${'A'.repeat(LONG)}`, `["${'A'.repeat(LONG)}"`, '[1,]', 'nul'])(
    'does not exist if the text is not JSON: %#',
    (text) => {
      expect(() => parseJsonOutline(Buffer.from(text))).toThrow(SyntaxError)
    },
  )

  it('does not exist if the bytes are not UTF-8', () => {
    const latin1 = Buffer.from(`["${'A'.repeat(LONG)}é"]`, 'latin1')
    expect(() => parseJsonOutline(latin1)).toThrow(SyntaxError)
  })

  it('exists for every JSON text, with escapes and characters at any place', () => {
    const character = fc.constantFrom(
      'A',
      '\\\\',
      '\\"',
      '\\n',
      '\\u00e9',
      '\\ud83d',
      'é',
      '漢',
      '😀',
    )
    fc.assert(
      fc.property(
        fc.array(character, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 65_400, max: 65_600 }),
        fc.integer({ min: 0, max: 400 }),
        (pattern, before, after) => {
          const unit = pattern.join('')
          const text = `["${'A'.repeat(before % 7)}${unit.repeat(before / unit.length + after)}"]`
          expect(parseJsonOutline(Buffer.from(text))).toEqual(['…'])
        },
      ),
      { numRuns: 200 },
    )
  })

  it('agrees with JSON.parse for any short text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          expect(() => parseJsonOutline(Buffer.from(text))).toThrow(SyntaxError)
          return
        }
        expect(parseJsonOutline(Buffer.from(text))).toEqual(expected)
      }),
    )
  })
})
