import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeDistribution,
  DistributionReader,
  fileTextPieces,
  resultFile,
  resultFileOfPieces,
  ResultFormatError,
} from '../../src/index.ts'

function read(pieces: readonly string[], maxLineLength = Infinity) {
  const reader = new DistributionReader({ statistics: 'check', maxLineLength })
  const rows = []
  for (const line of reader.lines(pieces)) rows.push(line.row())
  return { rows, problems: reader.problems, rejected: reader.rejected }
}

describe('DistributionReader', () => {
  it('reads the same rows and problems however the text is split', () => {
    const text = fc
      .array(fc.constantFrom('\t', '\n', '\r\n', 'OMOP:1', '7', '-', 'nan', 'é'), { maxLength: 80 })
      .map((parts) => `CODE\tCOUNT\tMIN\n${parts.join('')}`)
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (tsv, length) => {
        const pieces = tsv.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? []
        const whole = decodeDistribution(tsv)
        expect(read(pieces)).toEqual(whole)
      }),
    )
  })

  it('skips a line that is too long, in one piece or in many, and reads the next one', () => {
    const long = `B\t${'1'.repeat(100)}`
    const text = `CODE\tCOUNT\nA\t1\n${long}\nC\t3\n${long}`
    for (const pieces of [[text], text.split('')]) {
      expect(read(pieces, 20)).toMatchObject({
        rejected: 2,
        problems: [
          { line: 3, message: 'is longer than 20 characters' },
          { line: 5, message: 'is longer than 20 characters' },
        ],
      })
    }
  })

  it('reads a row with an invalid statistic if statistics are ignored', () => {
    const reader = new DistributionReader({ statistics: 'ignore' })
    const [line] = reader.lines(['CODE\tCOUNT\tMIN\tMAX\nA\t1\tabout 3\t4'])
    expect(line?.row()).toMatchObject({ code: 'A', count: 1, min: null, max: 4 })
    expect(reader.problems).toEqual([])
  })
})

describe('fileTextPieces', () => {
  const file = (text: string) =>
    resultFile({ name: 'f', text, description: null, sensitive: false })

  it('decodes characters that are split between pieces', () => {
    const text = 'é€😀'.repeat(40_000)
    const pieces = [...fileTextPieces(file(text))]
    expect(pieces.length).toBeGreaterThan(5)
    expect(pieces.join('')).toBe(text)
  })

  it('are the same whether the base64 is a string or bytes, with white space anywhere', () => {
    const base64 = Buffer.from('é€😀\n'.repeat(20_000)).toString('base64')
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90_000 }), fc.constantFrom(' ', '\r\n'), (at, gap) => {
        const data = `${base64.slice(0, at)}${gap}${base64.slice(at)}\n`
        const text = [...fileTextPieces({ ...file(''), file_data: data })].join('')
        expect(text).toBe('é€😀\n'.repeat(20_000))
        const bytes = { ...file(''), file_data: Buffer.from(data) }
        expect([...fileTextPieces(bytes)].join('')).toBe(text)
      }),
      { numRuns: 20 },
    )
  })

  it('replaces bytes that are not UTF-8, and rejects data that is not base64 before any piece', () => {
    const bad = { ...file(''), file_data: Buffer.from([0x41, 0xed, 0xa0, 0x80]).toString('base64') }
    expect([...fileTextPieces(bad)].join('')).toMatch(/^A\uFFFD+$/)
    for (const data of ['AAA', 'AA=A', 'A===', 'AB==', 'AA$A', '====']) {
      expect(() => fileTextPieces({ ...file(''), file_data: data })).toThrow(ResultFormatError)
      const large = Buffer.from(`${'AAAA'.repeat(40_000)}${data}`)
      expect(() => fileTextPieces({ ...file(''), file_data: large })).toThrow(ResultFormatError)
    }
  })
})

describe('resultFileOfPieces', () => {
  it('makes the same file as from the whole text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (pieces) => {
        const content = { name: 'f', description: null, sensitive: true }
        const { file_data, ...rest } = resultFileOfPieces(content, pieces)
        expect({ ...rest, file_data: file_data.toString() }).toEqual(
          resultFile({ ...content, text: pieces.join('') }),
        )
      }),
    )
  })
})
