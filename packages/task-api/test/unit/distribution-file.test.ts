import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CODE_DISTRIBUTION,
  DEMOGRAPHICS_DISTRIBUTION,
  type DistributionRow,
  decodeDistribution,
  distributionFileName,
  distributionPieces,
  encodeDistribution,
  fileText,
  resultFile,
} from '../../src/index.ts'

const EMPTY: DistributionRow = {
  biobank: 'collection_id',
  code: '',
  count: 0,
  description: '',
  min: null,
  q1: null,
  median: null,
  mean: null,
  q3: null,
  max: null,
  alternatives: '',
  dataset: '',
  omop: '',
  omopDescription: '',
  category: '',
}

function concept(omop: string, count: number, name: string, category: string): DistributionRow {
  return { ...EMPTY, code: `OMOP:${omop}`, count, omop, omopDescription: name, category }
}

const GENERIC = [
  concept('38003564', 40, 'Not Hispanic or Latino', 'Ethnicity'),
  concept('38003563', 60, 'Hispanic or Latino', 'Ethnicity'),
  concept('8507', 40, 'MALE', 'Gender'),
  concept('8532', 60, 'FEMALE', 'Gender'),
]

const DEMOGRAPHICS = [
  {
    ...EMPTY,
    code: 'SEX',
    description: 'Sex',
    count: 99,
    alternatives: '^MALE|44^FEMALE|55^',
    dataset: 'person',
    category: 'DEMOGRAPHICS',
  },
]

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('encodeDistribution', () => {
  it.each([
    {
      name: CODE_DISTRIBUTION,
      rows: GENERIC,
      bytes: 370,
      base64: 496,
      hash: '36668186a28b8b82bde08422a94f0f1017a7aa35335e72ddb20e9bcbdc9b36df',
    },
    {
      name: DEMOGRAPHICS_DISTRIBUTION,
      rows: DEMOGRAPHICS,
      bytes: 175,
      base64: 236,
      hash: '325256a03b7588886654a6813491c59d20101024286994c3ad3d528630ccd1f9',
    },
  ] as const)('writes the same bytes of $name as the Python bunny', (vector) => {
    const text = encodeDistribution(vector.name, vector.rows)
    const file = resultFile({ name: vector.name, text, description: null, sensitive: true })
    expect(sha256(text)).toBe(vector.hash)
    expect(file.file_size).toBe(vector.bytes)
    expect(file.file_data).toHaveLength(vector.base64)
    expect(fileText(file)).toBe(text)
    expect(decodeDistribution(text)).toEqual({ rows: vector.rows, problems: [], rejected: 0 })
  })

  it('trims the end of the file, including empty last columns', () => {
    const row = { ...EMPTY, biobank: 'test-collection', code: 'GENOMICS', description: 'Genomics' }
    const text = encodeDistribution(DEMOGRAPHICS_DISTRIBUTION, [
      { ...row, alternatives: '^No|0^', dataset: 'person', category: 'Demographics' },
    ])
    expect(text).toHaveLength(173)
    expect(sha256(text)).toBe('bbd5a1425d6f7e2ff7a1d971f24f0b3513c36a346b7e28c7ee203e62fe1176a1')
    expect(encodeDistribution(CODE_DISTRIBUTION, [{ ...EMPTY, code: 'A' }])).toMatch(/\tA\t0$/)
  })

  it('writes the header even without rows', () => {
    expect(encodeDistribution(CODE_DISTRIBUTION, [])).toBe(
      'BIOBANK\tCODE\tCOUNT\tDESCRIPTION\tMIN\tQ1\tMEDIAN\tMEAN\tQ3\tMAX\tALTERNATIVES\tDATASET\tOMOP\tOMOP_DESCR\tCATEGORY',
    )
  })

  it('replaces tabs and line ends inside a text by spaces', () => {
    const text = encodeDistribution(CODE_DISTRIBUTION, [
      { ...EMPTY, code: 'A', omopDescription: 'one\ttwo\r\nthree', category: 'C' },
    ])
    expect(text.split('\n')).toHaveLength(2)
    expect(decodeDistribution(text).rows[0]?.omopDescription).toBe('one two three')
  })

  it('writes the same text in pieces, of which the last one is trimmed', () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => ({ ...EMPTY, code: `C${index}` }))
    const pieces = [...distributionPieces(CODE_DISTRIBUTION, rows)]
    expect(pieces.length).toBeGreaterThan(2)
    expect(pieces.join('')).toBe(encodeDistribution(CODE_DISTRIBUTION, rows))
    expect(decodeDistribution(pieces.join('')).rows).toEqual(rows)
    expect(pieces.at(-1)).toMatch(/\tC4999\t0$/)
  })

  it('rejects a count that is not a whole number', () => {
    expect(() => encodeDistribution(CODE_DISTRIBUTION, [{ ...EMPTY, count: 1.5 }])).toThrow(
      RangeError,
    )
  })
})

describe('decodeDistribution', () => {
  const generic = encodeDistribution(CODE_DISTRIBUTION, GENERIC)

  it('reads quotes as ordinary characters', () => {
    const quoted = concept('35810807', 20, 'Word associated with "tiny"', 'Observation')
    const rows = [...GENERIC, quoted]
    expect(decodeDistribution(encodeDistribution(CODE_DISTRIBUTION, rows)).rows).toEqual(rows)
  })

  it('finds columns by name, in any order and between others', () => {
    const { rows, problems } = decodeDistribution('extra\tCOUNT\tq3\tCODE\n9\t12\t1.5\tOMOP:1\n')
    expect(problems).toEqual([])
    expect(rows).toEqual([{ ...EMPTY, biobank: '', code: 'OMOP:1', count: 12, q3: 1.5 }])
  })

  it('reads demographics in the column order of generic files', () => {
    const text = encodeDistribution(CODE_DISTRIBUTION, DEMOGRAPHICS)
    expect(decodeDistribution(text).rows).toEqual(DEMOGRAPHICS)
  })

  it('reads CRLF, a byte order mark, blank lines and a final newline', () => {
    const text = `\uFEFF\r\n${generic.replaceAll('\n', '\r\n\r\n')}\r\n\t\t\r\n`
    expect(decodeDistribution(text)).toEqual({ rows: GENERIC, problems: [], rejected: 0 })
  })

  it('reads absent cells at the end of a row as empty', () => {
    const { rows } = decodeDistribution('CODE\tCOUNT\tCATEGORY\nA\t1\nB\t2\tDrug')
    expect(rows.map(({ code, category }) => [code, category])).toEqual([
      ['A', ''],
      ['B', 'Drug'],
    ])
  })

  it('accepts nan, and integers written as decimals, from dataframe tools', () => {
    const header = 'CODE\tCOUNT\tDESCRIPTION\tMIN\tMAX\tALTERNATIVES\tOMOP'
    const { rows, problems } = decodeDistribution(`${header}\nA\t44.0\tnan\tnan\tNaN\tnan\t8507.0`)
    expect(problems).toEqual([])
    expect(rows[0]).toEqual({ ...EMPTY, biobank: '', code: 'A', count: 44, omop: '8507' })
  })

  it('reports a bad row by line and column and keeps the others', () => {
    const text = 'CODE\tCOUNT\tMEAN\nA\t1\nB\tmany\nC\nD\t-4\n\t5\nE\t5\tabout 3\nF\t6\t3.5'
    const { rows, problems, rejected } = decodeDistribution(text)
    expect(rows.map(({ code }) => code)).toEqual(['A', 'F'])
    expect(problems.map(({ line, column }) => [line, column])).toEqual([
      [3, 'COUNT'],
      [4, 'COUNT'],
      [5, 'COUNT'],
      [6, 'CODE'],
      [7, 'MEAN'],
    ])
    expect(rejected).toBe(5)
    expect(JSON.stringify(problems)).not.toContain('many')
  })

  it('reports required columns that are missing from the header', () => {
    expect(decodeDistribution('BIOBANK\tOMOP\nx\t1\ny\t2').problems).toEqual([
      { line: 1, column: 'CODE', message: 'is missing from the header' },
      { line: 1, column: 'COUNT', message: 'is missing from the header' },
    ])
    expect(decodeDistribution('').problems).toHaveLength(1)
  })

  it('lists at most 100 problems and counts all skipped rows', () => {
    const { problems, rejected } = decodeDistribution(`CODE\tCOUNT\n${'A\tx\n'.repeat(5000)}`)
    expect(problems).toHaveLength(100)
    expect(rejected).toBe(5000)
  })

  it('reads any rows as they were written', () => {
    const text = fc
      .string({ unit: 'grapheme' })
      .filter((value) => value.trim() === value && !/[\t\r\n]/.test(value) && !/^nan$/i.test(value))
    const code = text.filter((value) => value !== '' && !value.startsWith('\uFEFF'))
    const number = fc.option(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    )
    const row: fc.Arbitrary<DistributionRow> = fc.record({
      biobank: text,
      code,
      count: fc.maxSafeNat(),
      description: text,
      min: number,
      q1: number,
      median: number,
      mean: number,
      q3: number,
      max: number,
      alternatives: text,
      dataset: text,
      omop: fc.oneof(fc.constant(''), fc.nat().map(String)),
      omopDescription: text,
      category: text,
    })
    const name = fc.constantFrom(CODE_DISTRIBUTION, DEMOGRAPHICS_DISTRIBUTION)
    fc.assert(
      fc.property(name, fc.array(row, { maxLength: 5 }), (fileName, rows) => {
        expect(decodeDistribution(encodeDistribution(fileName, rows))).toEqual({
          rows,
          problems: [],
          rejected: 0,
        })
      }),
    )
  })

  it('never throws, whatever the bytes', () => {
    const bytes = fc
      .uint8Array({ maxLength: 300 })
      .map((data) => Buffer.from(data).toString('latin1'))
    const cells = fc
      .array(fc.constantFrom('\t', '\n', '\r', 'nan', '1', '-', 'x', '1e999'), { maxLength: 60 })
      .map((parts) => `CODE\tCOUNT\tMIN\n${parts.join('')}`)
    fc.assert(
      fc.property(fc.oneof(bytes, cells), (text) => {
        for (const row of decodeDistribution(text).rows) {
          expect(Number.isSafeInteger(row.count) && row.count >= 0).toBe(true)
          expect(row.code).not.toBe('')
        }
      }),
    )
  })
})

describe('distributionFileName', () => {
  it.each([
    ['DISTRIBUTION', 'GENERIC', CODE_DISTRIBUTION],
    ['DISTRIBUTION', 'DEMOGRAPHICS', DEMOGRAPHICS_DISTRIBUTION],
    ['', '', null],
    ['garbage', '', null],
    ['PHEWAS', '', null],
    ['PHEWAS', 'garbage', null],
    ['PHEWAS', 'GENERIC', null],
    ['DISTRIBUTION', '', null],
    ['DISTRIBUTION', 'garbage', null],
    ['DISTRIBUTION', 'ICD-MAIN', CODE_DISTRIBUTION],
    ['distribution', 'GENERIC', null],
  ])('for %s %s is %s', (analysis, code, expected) => {
    expect(distributionFileName(analysis, code)).toBe(expected)
  })
})
