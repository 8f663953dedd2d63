import {
  CODE_DISTRIBUTION,
  DEMOGRAPHICS_DISTRIBUTION,
  decodeDistribution,
  distributionResult,
  encodeDistribution,
  fileText,
  resultFile,
  type DistributionRow,
  type TaskResult,
} from '@warren/task-api'
import { describe, expect, it } from 'vitest'

import { GenericAggregator } from '../../src/answers/generic-aggregator.ts'
import { COMBINE_OPTIONS } from '../harness/task-settings.ts'

const address = { uuid: 'subtask', collection: 'node' }

function row(code: string, count: number, rest: Partial<DistributionRow> = {}): DistributionRow {
  return {
    biobank: 'node',
    code,
    count,
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
    ...rest,
  }
}

function rows(counts: Readonly<Record<string, number>>): DistributionRow[] {
  return Object.entries(counts).map(([code, count]) => row(code, count))
}

function result(
  distribution: readonly DistributionRow[],
  name: string = CODE_DISTRIBUTION,
): TaskResult {
  const text = encodeDistribution(CODE_DISTRIBUTION, distribution)
  const file = resultFile({ name, text, description: null, sensitive: true })
  return distributionResult(address, distribution.length, [file])
}

function resultWithText(text: string, count = 1): TaskResult {
  const file = resultFile({ name: CODE_DISTRIBUTION, text, description: null, sensitive: true })
  return distributionResult(address, count, [file])
}

function combine(
  results: readonly TaskResult[],
  options: { discloseCount?: (count: number) => number; dropSuppressedRows?: boolean } = {},
) {
  let calls = 0
  const aggregator = new GenericAggregator({
    ...COMBINE_OPTIONS,
    collection: 'parent_collection',
    dropSuppressedRows: options.dropSuppressedRows ?? false,
    discloseCount: (count) => {
      calls++
      return (options.discloseCount ?? ((same) => same))(count)
    },
  })
  const added = results.map((one) => aggregator.add(one))
  const { count, files } = aggregator.finish()
  const [file] = files
  return {
    added,
    calls,
    count,
    files,
    rows: file === undefined ? [] : decodeDistribution(fileText(file)).rows,
  }
}

function suppress(count: number): number {
  return count < 10 ? 0 : count
}

function suppressAndRound(count: number): number {
  return Math.round(suppress(count) / 10) * 10
}

const EMPTY: DistributionRow[] = []
const ZEROS = rows({ CODE1: 0, CODE2: 0, CODE3: 0 })
const N1 = rows({ CODE1: 91, CODE2: 230, CODE3: 1342, CODE4: 17 })
const N2 = rows({ CODE3: 412, CODE4: 0, CODE5: 975, CODE6: 26 })

describe('combining code distributions', () => {
  it.each([
    { name: 'no results', given: [], counts: [] },
    { name: 'one result without rows', given: [EMPTY], counts: [] },
    { name: 'zeros', given: [ZEROS], counts: [0, 0, 0] },
    { name: 'one result', given: [N1], counts: [91, 230, 1342, 17] },
    { name: 'three results', given: [ZEROS, N1, N2], counts: [91, 230, 1754, 17, 975, 26] },
  ])('returns $counts for $name and discloses each count once', ({ given, counts }) => {
    const { rows: combined, count, files, calls } = combine(given.map((one) => result(one)))
    expect(combined.map((one) => one.count)).toEqual(counts)
    expect(combined.map((one) => one.code)).toEqual(counts.map((_, index) => `CODE${index + 1}`))
    expect(combined.every(({ biobank }) => biobank === 'parent_collection')).toBe(true)
    expect(count).toBe(counts.length)
    expect(calls).toBe(counts.length)
    expect(files.map(({ file_name }) => file_name)).toEqual(
      counts.length > 0 ? ['code.distribution'] : [],
    )
  })

  it('describes the file and states its size in bytes', () => {
    const [file] = combine([result(N1)]).files
    expect(file?.file_description).toBe('code.distribution analysis results')
    expect(file?.file_size).toBe(Buffer.byteLength(fileText(file!)))
  })

  it('suppresses and rounds sums, not their parts, and keeps suppressed rows as 0', () => {
    const { rows: combined } = combine([result(rows({ A: 6, B: 4 })), result(rows({ A: 6 }))], {
      discloseCount: suppressAndRound,
    })
    expect(combined.map(({ code, count }) => [code, count])).toEqual([
      ['A', 10],
      ['B', 0],
    ])
  })

  it('drops suppressed rows if configured, and the file if no row is left', () => {
    const some = combine([result(rows({ A: 60, B: 4 }))], {
      discloseCount: suppress,
      dropSuppressedRows: true,
    })
    expect(some.rows.map(({ code }) => code)).toEqual(['A'])
    expect(some.count).toBe(1)
    const none = combine([result(rows({ B: 4 }))], {
      discloseCount: suppress,
      dropSuppressedRows: true,
    })
    expect(none).toMatchObject({ count: 0, files: [] })
  })

  it('uses the names of the first node, and no statistics or alternatives', () => {
    const first = row('OMOP:1', 20, {
      description: 'first',
      min: 1,
      q1: 2,
      median: 3,
      mean: 4,
      q3: 5,
      max: 6,
      alternatives: '^A|20^',
      dataset: 'person',
      omop: '1',
      omopDescription: 'One',
      category: 'Condition',
    })
    const second = row('OMOP:1', 30, { description: 'second', omop: '2', category: 'Drug' })
    const { rows: combined } = combine([result([first]), result([second])])
    expect(combined).toEqual([
      row('OMOP:1', 50, {
        biobank: 'parent_collection',
        description: 'first',
        dataset: 'person',
        omop: '1',
        omopDescription: 'One',
        category: 'Condition',
      }),
    ])
  })

  it('keeps codes that differ in case apart, and adds a code that occurs twice in a file', () => {
    const given = [row('OMOP:a', 1), row('OMOP:A', 2), row('OMOP:a', 4)]
    const { rows: combined } = combine([result(given)])
    expect(combined.map(({ code, count }) => [code, count])).toEqual([
      ['OMOP:a', 5],
      ['OMOP:A', 2],
    ])
  })

  it('ignores the file of a result that states it has no rows', () => {
    const text = encodeDistribution(CODE_DISTRIBUTION, N1)
    const { rows: combined, added } = combine([resultWithText(text, 0), result(N2)])
    expect(combined.map(({ code }) => code)).toEqual(['CODE3', 'CODE4', 'CODE5', 'CODE6'])
    expect(added[0]).toEqual({ counted: true, problems: [] })
  })

  it('adds up ICD-10 chapters and categories', () => {
    const icd = (chapter: number, category: number) =>
      result([
        row('ICD10:I00-I99', chapter, {
          description: 'Diseases of the circulatory system',
          category: 'ICD chapter',
        }),
        row('ICD10:I10', category, { category: 'ICD code' }),
      ])
    const { rows } = combine([icd(120, 80), icd(40, 0)])
    expect(rows.map(({ code, count, category }) => [code, count, category])).toEqual([
      ['ICD10:I00-I99', 160, 'ICD chapter'],
      ['ICD10:I10', 80, 'ICD code'],
    ])
  })

  it('leaves out unreadable rows and keeps the others', () => {
    const text = 'CODE\tCOUNT\nOMOP:1\t20\nOMOP:2\tmany\nOMOP:3\t1.5\nOMOP:4\t40'
    const { rows: combined, added } = combine([resultWithText(text, 4)])
    expect(combined.map(({ code, count }) => [code, count])).toEqual([
      ['OMOP:1', 20],
      ['OMOP:4', 40],
    ])
    expect(added[0]?.counted).toBe(true)
    expect(added[0]?.problems.map(({ line, column }) => [line, column])).toEqual([
      [3, 'COUNT'],
      [4, 'COUNT'],
    ])
  })

  it.each([
    ['is not base64', { file_data: '§§§' }],
    ['has no COUNT column', { file_data: Buffer.from('CODE\nOMOP:1').toString('base64') }],
    ['has no header', { file_data: Buffer.from([0xff, 0xfe, 0xfd]).toString('base64') }],
  ])('does not count a node whose file %s, and counts the other nodes', (_, broken) => {
    const good = result(N1)
    const [file] = good.queryResult.files
    const bad = distributionResult(address, 4, [{ ...file!, ...broken }])
    const { added, rows: combined } = combine([bad, good])
    expect(added.map(({ counted }) => counted)).toEqual([false, true])
    expect(added[0]?.problems).not.toEqual([])
    expect(combined.map(({ count }) => count)).toEqual([91, 230, 1342, 17])
  })

  it('does not count a node that states it has rows but sends no such file', () => {
    const { added } = combine([result(N1, DEMOGRAPHICS_DISTRIBUTION)])
    expect(added[0]?.counted).toBe(false)
    expect(added[0]?.problems[0]?.message).toBe('is missing')
  })

  it('reads files with any column order, Windows line ends and nan for missing values', () => {
    const text = 'COUNT\tEXTRA\tCODE\tOMOP\r\n20\tx\tOMOP:1\tnan\r\n30\tx\tOMOP:2\t2.0\r\n'
    const { rows: combined } = combine([resultWithText(text, 2)])
    expect(combined.map(({ code, count, omop }) => [code, count, omop])).toEqual([
      ['OMOP:1', 20, ''],
      ['OMOP:2', 30, '2'],
    ])
  })
})
