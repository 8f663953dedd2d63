import { createHash } from 'node:crypto'
import {
  DEMOGRAPHICS_DISTRIBUTION,
  decodeDistribution,
  distributionResult,
  fileText,
  resultFile,
  type TaskResult,
} from '@warren/task-api'
import { describe, expect, it } from 'vitest'

import { DemographicsAggregator } from '../../src/answers/demographics-aggregator.ts'
import { COMBINE_OPTIONS } from '../harness/task-settings.ts'

const address = { uuid: 'subtask', collection: 'node' }

interface Row {
  code: string
  count?: number
  alternatives?: string
  description?: string
  dataset?: string
  category?: string
  statistics?: string
}

/** Has the column order of code.distribution, as some nodes send it. Columns are found by name. */
function result(rows: readonly Row[]): TaskResult {
  const header =
    'BIOBANK CODE COUNT DESCRIPTION MIN Q1 MEDIAN MEAN Q3 MAX ALTERNATIVES DATASET OMOP OMOP_DESCR CATEGORY'
  const lines = rows.map((row) =>
    [
      'node',
      row.code,
      row.count ?? 0,
      row.description ?? '',
      row.statistics ?? '\t\t\t\t\t',
      row.alternatives ?? '',
      row.dataset ?? '',
      '',
      '',
      row.category ?? '',
    ].join('\t'),
  )
  const text = [header.replaceAll(' ', '\t'), ...lines].join('\n')
  const file = resultFile({
    name: DEMOGRAPHICS_DISTRIBUTION,
    text,
    description: '',
    sensitive: true,
  })
  return distributionResult(address, rows.length, [file])
}

function combine(
  results: readonly TaskResult[],
  options: {
    collection?: string
    discloseCount?: (count: number) => number
    dropSuppressedRows?: boolean
  } = {},
) {
  let calls = 0
  const aggregator = new DemographicsAggregator({
    ...COMBINE_OPTIONS,
    collection: options.collection ?? 'test_collection',
    dropSuppressedRows: options.dropSuppressedRows ?? false,
    discloseCount: (count) => {
      calls++
      return (options.discloseCount ?? ((same) => same))(count)
    },
  })
  const added = results.map((one) => aggregator.add(one))
  const { count, files } = aggregator.finish()
  const text = fileText(files[0]!)
  const { rows } = decodeDistribution(text)
  const figures = Object.fromEntries(
    rows.map((one) => [one.code, [one.count, one.alternatives] as const]),
  )
  return { added, calls, count, files, text, rows, figures }
}

function suppress(count: number): number {
  return count < 10 ? 0 : count
}

function suppressAndRound(count: number): number {
  return Math.floor((suppress(count) + 5) / 10) * 10
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

const AGE: Row = { code: 'AGE', count: 16, statistics: '9\t\t15.5\t16.75\t\t25' }

describe('combining demographics', () => {
  it('contains a GENOMICS row even without any result', () => {
    const { text, count, files } = combine([], { collection: 'test-collection' })
    expect(count).toBe(1)
    expect(files).toHaveLength(1)
    expect(files[0]?.file_description).toBe('demographics.distribution analysis results')
    expect(Buffer.byteLength(text)).toBe(173)
    expect(sha256(text)).toBe('bbd5a1425d6f7e2ff7a1d971f24f0b3513c36a346b7e28c7ee203e62fe1176a1')
  })

  it('combines two nodes to the same bytes as the .NET relay', () => {
    const common = { dataset: 'person', category: 'Demographics' }
    const { text, count, calls, figures } = combine(
      [
        result([
          {
            ...common,
            code: 'SEX',
            description: 'Sex',
            count: 145,
            alternatives: '^Male|70^Female|75^',
          },
          {
            ...common,
            code: 'GENOMICS',
            description: 'Genomics',
            count: 1005,
            alternatives: '^No|1005^Imputed whole genome data|0^',
          },
        ]),
        result([
          {
            ...common,
            code: 'SEX',
            description: 'Sex',
            count: 1435,
            alternatives: '^MALE|720^FEMALE|715^',
          },
          {
            ...common,
            code: 'GENOMICS',
            description: 'Genomics',
            count: 1477,
            alternatives: '^No|1321^Imputed whole genome data|156^',
          },
        ]),
      ],
      { collection: 'parent_collection' },
    )
    expect(figures).toEqual({
      GENOMICS: [2482, '^No|2326^Imputed whole genome data|156^'],
      SEX: [1580, '^Male|790^Female|790^'],
    })
    expect(count).toBe(2)
    expect(calls).toBe(4)
    expect(Buffer.byteLength(text)).toBe(292)
    expect(sha256(text)).toBe('932594128a44f47bdde389b18c528054aa3c93617703915961cec8f68118c9d4')
  })

  it('adds the people of a node without genomics data to No', () => {
    const { figures, rows } = combine([
      result([{ code: 'SEX', alternatives: '^MALE|155^FEMALE|135^' }]),
    ])
    expect(figures['GENOMICS']).toEqual([290, '^No|290^'])
    expect(rows[0]).toMatchObject({
      code: 'GENOMICS',
      description: 'Genomics',
      dataset: 'person',
      category: 'Demographics',
      biobank: 'test_collection',
    })
  })

  it('uses the larger of COUNT and the sum of alternatives as the people of such a node', () => {
    const { figures } = combine([
      result([{ code: 'SEX', count: 300, alternatives: '^Male|155^Female|135^' }]),
      result([{ code: 'SEX', count: 3, alternatives: '^Male|15^Female|13^' }]),
    ])
    expect(figures['GENOMICS']).toEqual([328, '^No|328^'])
  })

  it('adds alternatives of a code across nodes, with case-insensitive keys and the first spelling', () => {
    const { figures, rows } = combine([
      result([
        {
          code: 'BANDS',
          alternatives: '^BRACKET1|50^BRACKET2|70^',
          description: 'first',
          dataset: 'Person',
        },
      ]),
      result([
        {
          code: 'BANDS',
          alternatives: '^bracket2|155^BRACKET1|135^BRACKET3|504^',
          description: 'second',
        },
      ]),
    ])
    expect(figures['BANDS']).toEqual([914, '^BRACKET1|185^BRACKET2|225^BRACKET3|504^'])
    expect(rows.find(({ code }) => code === 'BANDS')).toMatchObject({
      description: 'first',
      dataset: 'Person',
      biobank: 'test_collection',
    })
  })

  it('adds rows of a code within a file', () => {
    const { figures } = combine([
      result([
        { code: 'BANDS', alternatives: '^BRACKET2|155^BRACKET1|135^' },
        { code: 'BANDS', alternatives: '^BRACKET1|27^BRACKET2|32^' },
        { code: 'SEX', alternatives: '^Male|155^Female|135^' },
        { code: 'SEX', alternatives: '^Male|42^Female|68^Other|7^' },
      ]),
    ])
    expect(figures['BANDS']).toEqual([349, '^BRACKET2|187^BRACKET1|162^'])
    expect(figures['SEX']).toEqual([400, '^Male|197^Female|203^'])
  })

  it('combines many lists of many keys and discloses each key once', () => {
    const { figures, calls } = combine([
      result([
        { code: 'CODE1', alternatives: '^BRACKET1|50^BRACKET2|70^' },
        { code: 'CODE2', alternatives: '^BRACKET_A|20^BRACKET_B|320^BRACKET_C|32^' },
        { code: 'GENOMICS', alternatives: '^No|0^' },
      ]),
      result([
        { code: 'CODE1', alternatives: '^BRACKET2|80^' },
        { code: 'CODE2', alternatives: '^BRACKET_A|54^BRACKET_B|80^' },
        { code: 'CODE2', alternatives: '^BRACKET_A|7^BRACKET_B|67^' },
        { code: 'CODE2', alternatives: '^BRACKET_B|90^' },
        { code: 'GENOMICS', alternatives: '^No|0^' },
      ]),
    ])
    expect(figures['CODE1']).toEqual([200, '^BRACKET1|50^BRACKET2|150^'])
    expect(figures['CODE2']).toEqual([670, '^BRACKET_A|81^BRACKET_B|557^BRACKET_C|32^'])
    // Five keys of these two codes, and one of GENOMICS.
    expect(calls).toBe(6)
  })

  it('leaves out AGE, because its statistics cannot be merged', () => {
    const only = combine([result([AGE])])
    expect(only.figures).toEqual({ GENOMICS: [0, '^No|0^'] })
    expect(only.added[0]?.counted).toBe(true)
    const both = combine([result([AGE, { code: 'SEX', alternatives: '^Male|155^Female|135^' }])])
    expect(both.figures).toEqual({
      GENOMICS: [290, '^No|290^'],
      SEX: [290, '^Male|155^Female|135^'],
    })
  })

  it('does not count sexes that it does not report', () => {
    const { figures } = combine([
      result([{ code: 'SEX', count: 199, alternatives: '^MALE|50^FEMALE|45^UNKNOWN|104^' }]),
    ])
    expect(figures['SEX']).toEqual([95, '^Male|50^Female|45^'])
  })

  it('adds the COUNT of rows without alternatives and discloses it once', () => {
    const { figures, calls } = combine([
      result([
        { code: 'LIVING', count: 40 },
        { code: 'GENOMICS', alternatives: '^No|0^' },
      ]),
      result([
        { code: 'LIVING', count: 25 },
        { code: 'GENOMICS', alternatives: '^No|0^' },
      ]),
    ])
    expect(figures['LIVING']).toEqual([65, ''])
    expect(calls).toBe(2)
  })

  it('accepts a node whose sexes are all suppressed', () => {
    const { figures, added } = combine([
      result([{ code: 'SEX', alternatives: '^' }]),
      result([{ code: 'SEX', alternatives: '^^' }]),
      result([{ code: 'SEX', alternatives: '^Male|44^Female|61^' }]),
    ])
    expect(added.every(({ counted }) => counted)).toBe(true)
    expect(figures['SEX']).toEqual([105, '^Male|44^Female|61^'])
  })

  it('leaves out a row whose alternatives are not numbers, and reports it', () => {
    const { figures, added } = combine([
      result([
        { code: 'SEX', alternatives: '^Male|x^' },
        { code: 'BANDS', alternatives: '^A|7^' },
      ]),
    ])
    expect(figures['SEX']).toBeUndefined()
    expect(figures['BANDS']).toEqual([7, '^A|7^'])
    expect(added[0]).toMatchObject({ counted: true, problems: [{ column: 'ALTERNATIVES' }] })
  })

  it('does not count a node that has only such rows', () => {
    const { added } = combine([result([{ code: 'SEX', alternatives: '^Male|x^' }])])
    expect(added[0]?.counted).toBe(false)
  })

  it('matches the documented example with the default policy', () => {
    const { figures, rows } = combine(
      [
        result([
          {
            code: 'SEX',
            description: 'Sex',
            count: 105,
            alternatives: '^Male|44^Female|61^',
            dataset: 'person',
            category: 'DEMOGRAPHICS',
          },
          {
            code: 'GENOMICS',
            description: 'Genomics',
            count: 105,
            alternatives: '^No|105^',
            dataset: 'person',
            category: 'DEMOGRAPHICS',
          },
        ]),
        result([{ code: 'SEX', count: 31, alternatives: '^FEMALE|8^MALE|23^' }]),
      ],
      { discloseCount: suppressAndRound },
    )
    expect(figures).toEqual({ GENOMICS: [140, '^No|140^'], SEX: [140, '^Male|70^Female|70^'] })
    expect(rows.map(({ category }) => category)).toEqual(['Demographics', 'DEMOGRAPHICS'])
  })

  it('never contains the statistics of a node', () => {
    const { rows } = combine([
      result([{ code: 'LIVING', count: 40, statistics: '1\t2\t3\t4\t5\t6' }]),
    ])
    const { min, q1, median, mean, q3, max } = rows.find(({ code }) => code === 'LIVING')!
    expect([min, q1, median, mean, q3, max]).toEqual([null, null, null, null, null, null])
  })

  it('drops suppressed rows if configured, but never GENOMICS', () => {
    const { rows } = combine([result([{ code: 'BANDS', alternatives: '^A|7^B|8^' }])], {
      discloseCount: suppress,
      dropSuppressedRows: true,
    })
    expect(rows.map(({ code, count }) => [code, count])).toEqual([['GENOMICS', 15]])
  })
})
