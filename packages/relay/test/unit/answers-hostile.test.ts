import {
  CODE_DISTRIBUTION,
  countResult,
  decodeDistribution,
  DEMOGRAPHICS_DISTRIBUTION,
  distributionResult,
  errorResult,
  fileText,
  resultFile,
  serializeResultBytes,
} from '@warren/task-api'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { combineResults, type CombineOptions } from '../../src/answers/combine-results.ts'
import type { NodeResult } from '../../src/store/task-store.ts'
import type { TaskType } from '../../src/vocabulary/task-kind.ts'
import { COMBINE_OPTIONS } from '../harness/task-settings.ts'

const address = { uuid: 'subtask', collection: 'node' }
const OPTIONS: CombineOptions = { ...COMBINE_OPTIONS, disclosure: { threshold: 0, nearest: 0 } }

const FILE = { generic: CODE_DISTRIBUTION, demographics: DEMOGRAPHICS_DISTRIBUTION } as const
type Distribution = keyof typeof FILE

function answer(nodeId: string, type: Distribution, tsv: string | Buffer): NodeResult {
  const file = resultFile({ name: FILE[type], text: '', description: '', sensitive: true })
  const data = Buffer.from(tsv).toString('base64')
  const result = distributionResult(address, 1, [{ ...file, file_data: data }])
  return { nodeId, status: 'ok', json: serializeResultBytes(result) }
}

function people(nodeId: string, count: number): NodeResult {
  return { nodeId, status: 'ok', json: serializeResultBytes(countResult(address, count)) }
}

async function* each(results: readonly NodeResult[]): AsyncGenerator<NodeResult> {
  yield* results
}

async function combine(type: TaskType, results: readonly NodeResult[], options = OPTIONS) {
  const task = { uuid: 'u', collection: 'RQ', type, asked: results.length }
  const { result, coverage, problems } = await combineResults(task, each(results), options)
  const file = result.queryResult.files[0]
  const text = file === undefined ? '' : fileText(file)
  const { rows } = decodeDistribution(text)
  return { result, coverage, problems, text, rows, json: serializeResultBytes(result).toString() }
}

/** What the work takes of the processor, ms. A busy machine makes it wait, which does not count. */
async function cpuMs<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const before = process.threadCpuUsage()
  const value = await work()
  const { user, system } = process.threadCpuUsage(before)
  return { value, ms: (user + system) / 1_000 }
}

const HONEST = {
  generic: 'CODE\tCOUNT\nOMOP:1\t40\nOMOP:2\t60',
  demographics: 'CODE\tCOUNT\tALTERNATIVES\nSEX\t100\t^Male|40^Female|60^\nGENOMICS\t100\t^No|100^',
}

const nastyNumber = fc.oneof(
  fc.constantFrom('-1', '1e3', '0x10', '1.5', 'NaN', 'Infinity', '-0', '', ' 7 ', '٣', '7\u0000'),
  fc.constantFrom('9007199254740991', '9007199254740800', '99999999999999999999', '1000000000'),
  fc.nat(50).map(String),
)
const nastyText = fc.oneof(
  fc.constantFrom("=cmd|'/C calc'!A0", '=HYPERLINK("http://x")', '"=1+1"', '+1', '-1', '@SUM(A1)'),
  fc.constantFrom('\u0000', '\u001b[2J', 'a\u2028b', 'a\u2029b', '\ud800', '\u202egnp', '\ufeff=1'),
  fc.constantFrom(
    '\r',
    'a\r=1',
    '＝1',
    ' =1',
    '__proto__',
    'constructor',
    'nan',
    '^',
    '|',
    '^A|1^',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
)
const nastyAlternatives = fc
  .array(fc.tuple(nastyText, nastyNumber), { maxLength: 4 })
  .map((parts) => `^${parts.map(([key, number]) => `${key}|${number}^`).join('')}`)
const nastyFile = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(fc.tuple(nastyText, nastyNumber, nastyText, nastyAlternatives, nastyText), {
      maxLength: 12,
    })
    .map((rows) =>
      [
        'CODE\tCOUNT\tDESCRIPTION\tALTERNATIVES\tCATEGORY',
        ...rows.map((row) => row.join('\t')),
      ].join('\n'),
    ),
)

describe('a hostile node', () => {
  it.each(['generic', 'demographics'] as const)(
    'never changes the %s counts of the others, never makes combining fail, and publishes only safe texts',
    async (type) => {
      await fc.assert(
        fc.asyncProperty(nastyFile, async (file) => {
          const honest = [answer('a', type, HONEST[type]), answer('b', type, HONEST[type])]
          const { rows, coverage, text } = await combine(type, [
            ...honest,
            answer('evil', type, file),
          ])
          expect(coverage.answered).toBeGreaterThanOrEqual(2)
          const counts = new Map(rows.map((row) => [row.code, row]))
          if (type === 'generic') {
            expect(counts.get('OMOP:1')?.count).toBe(80)
            expect(counts.get('OMOP:2')?.count).toBe(120)
          } else {
            expect(counts.get('SEX')?.alternatives).toBe('^Male|80^Female|120^')
          }
          for (const cell of text.split(/[\t\n]/)) {
            expect(cell).not.toMatch(/^["\s]*[=+@-]/)
            expect(cell.isWellFormed()).toBe(true)
            // oxlint-disable-next-line no-control-regex
            expect(cell).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/)
          }
        }),
        { numRuns: 400 },
      )
    },
  )

  it('never makes combining fail with any JSON at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (json) => {
        for (const type of ['availability', 'generic', 'demographics'] as const) {
          const honest = type === 'availability' ? people('a', 40) : answer('a', type, HONEST[type])
          const { coverage, result } = await combine(type, [
            { nodeId: 'evil', status: 'ok', json: Buffer.from(json) },
            honest,
          ])
          expect(result.status).toBe('ok')
          expect(coverage.answered + coverage.failed).toBe(2)
        }
      }),
      { numRuns: 200 },
    )
  })

  it.each([Number.MAX_SAFE_INTEGER, 9_007_199_254_740_800, 1_000_000_001])(
    'that reports %i people counts as failed, and the log names it',
    async (count) => {
      const { result, coverage, problems } = await combine('availability', [
        people('a', 50),
        people('evil', count),
        people('c', 20),
      ])
      expect(result).toMatchObject({ status: 'ok', message: 'answered by 2 of 3 nodes' })
      expect(result.queryResult.count).toBe(70)
      expect(coverage).toEqual({ asked: 3, answered: 2, partial: 0, failed: 1, late: 0 })
      expect(problems).toMatchObject([
        {
          nodeId: 'evil',
          problems: [{ message: expect.stringContaining('RELAY_MAX_NODE_COUNT') }],
        },
      ])
    },
  )

  it('that repeats a row without end adds at most the largest plausible count', async () => {
    const tsv = `CODE\tCOUNT\n${'OMOP:1\t900000000\n'.repeat(1_000)}`
    const { rows, coverage } = await combine('generic', [
      answer('evil', 'generic', tsv),
      answer('b', 'generic', HONEST.generic),
    ])
    expect(rows.find(({ code }) => code === 'OMOP:1')?.count).toBe(900_000_040)
    expect(coverage).toMatchObject({ answered: 2, partial: 1 })
    const listed = `SEX\t1\t^Male|900000000^Female|900000000^`
    const more = `SEX\t1\t^Male|900000000^\n`.repeat(1_000)
    const demographics = await combine('demographics', [
      answer('evil', 'demographics', `CODE\tCOUNT\tALTERNATIVES\n${listed}\n${more}`),
      answer('b', 'demographics', HONEST.demographics),
    ])
    expect(demographics.rows.find(({ code }) => code === 'SEX')?.alternatives).toBe(
      '^Male|900000040^Female|60^',
    )
  })

  it('with 400,000 rows is cut, takes no longer than 200,000, and fits the bounds of the result', async () => {
    const bounds = { ...OPTIONS.bounds, maxCombinedBytes: 2_000_000 }
    const withRows = (nodeId: string, count: number): NodeResult => {
      const lines = Array.from({ length: count }, (_, index) => `JUNK:${index}\t20\tx`)
      return answer(nodeId, 'generic', `CODE\tCOUNT\tCATEGORY\n${lines.join('\n')}`)
    }
    const honest = [answer('a', 'generic', HONEST.generic), withRows('b', 200_000)]
    const allowed = await cpuMs(() => combine('generic', honest))
    expect(allowed.value.coverage).toMatchObject({ answered: 2, partial: 0 })
    const hostile = [answer('a', 'generic', HONEST.generic), withRows('evil', 400_000)]
    const cut = await cpuMs(() => combine('generic', hostile, { ...OPTIONS, bounds }))
    expect(cut.ms).toBeLessThan(1.5 * allowed.ms)
    const { rows, coverage, problems, json, result } = cut.value
    expect(rows.slice(0, 2).map(({ count }) => count)).toEqual([40, 60])
    expect(rows.length).toBeGreaterThan(20_000)
    expect(json.length).toBeLessThanOrEqual(bounds.maxCombinedBytes)
    expect(coverage).toMatchObject({ answered: 2, partial: 1 })
    expect(result.message).toBe('answered by 2 of 2 nodes, 1 of them in part')
    expect(problems.map(({ nodeId }) => nodeId)).toEqual(['evil'])
    const messages = problems[0]!.problems.map(({ message }) => message).join('; ')
    expect(messages).toContain('has more than 200000 rows (RELAY_MAX_NODE_ROWS)')
    expect(messages).toContain(
      'is beyond 2000000 bytes of combined result (RELAY_MAX_COMBINED_BYTES)',
    )
  })

  it('with cells of 2 MB or a million alternatives loses those rows only', async () => {
    const huge = 'x'.repeat(2_000_000)
    const generic = await combine('generic', [
      answer('evil', 'generic', `CODE\tCOUNT\tCATEGORY\nOMOP:3\t9\t${huge}\n${huge}\t9\nOMOP:4\t8`),
      answer('b', 'generic', HONEST.generic),
    ])
    expect(generic.rows.map(({ code }) => code)).toEqual(['OMOP:4', 'OMOP:1', 'OMOP:2'])
    expect(generic.json.length).toBeLessThan(2_000)
    const alternatives = Array.from({ length: 1_000_000 }, (_, index) => `${index}|1`).join('^')
    const demographics = await combine('demographics', [
      answer('evil', 'demographics', `CODE\tCOUNT\tALTERNATIVES\nBANDS\t1\t^${alternatives}^`),
      answer('b', 'demographics', HONEST.demographics),
    ])
    expect(demographics.coverage).toMatchObject({ answered: 1, failed: 1 })
    expect(demographics.text).not.toContain('BANDS')
  })

  it('has long names cut and formulas made harmless, without another effect', async () => {
    const { rows } = await combine('generic', [
      answer(
        'evil',
        'generic',
        `CODE\tCOUNT\tDESCRIPTION\tCATEGORY\nA\t20\t=cmd|' /C calc'!A0\t${'é'.repeat(900)}`,
      ),
    ])
    expect(rows[0]).toMatchObject({ code: 'A', count: 20, description: "'=cmd|' /C calc'!A0" })
    expect(rows[0]?.category).toBe('é'.repeat(500))
  })
})

describe('the reasons of nodes that cannot answer', () => {
  const failed = (nodeId: string, message: string): NodeResult => ({
    nodeId,
    status: 'error',
    json: serializeResultBytes(errorResult(address, message)),
  })

  it('are merged, bounded and without IDs', async () => {
    const id = 'a4d7e6f0-1f70-4d05-9a4c-7d6c5c4b3a21'
    const { result } = await combine('availability', [
      failed('a', 'the database is unavailable'),
      failed('b', 'the database is unavailable'),
      failed('c', `concept 42 is unknown at ${id}\u001b[31m`),
      failed('d', 'x'.repeat(1_000_000)),
      failed('e', 'a fifth reason'),
    ])
    expect(result.status).toBe('error')
    expect(result.message).toMatch(
      /^no valid answer from 5 nodes: 5 could not answer \(concept 42 is unknown at … \[31m; the database is unavailable \(2 nodes\); x{300}; and others\)$/,
    )
  })

  it('are reported with a count if they are about the question, and not otherwise', async () => {
    const withReason = async (reason: string) =>
      (await combine('availability', [failed('a', reason), people('b', 20)])).result.message
    expect(await withReason('secret')).toBe('answered by 1 of 2 nodes')
    expect(await withReason('not a valid task: cohort.groups[0].exclude: unknown member')).toBe(
      'answered by 1 of 2 nodes; 1 could not answer (not a valid task: cohort.groups[0].exclude: unknown member)',
    )
  })

  it.each([
    [
      'connection to server at "10.0.0.3", port 5432 failed',
      'connection to server at "…", port 5432 failed',
    ],
    ['could not resolve db.northgate.nhs.uk', 'could not resolve …'],
    ['could not resolve db.northgate.nhs.uk.', 'could not resolve ….'],
    ['no route to omop-db:5432', 'no route to …'],
    ['host "omop-db" is down', 'host "…" is down'],
    ['GET https://relay.example.org/x?y=1 failed', 'GET … failed'],
    ['ask data.team@northgate.nhs.uk', 'ask …'],
    ['fe80:0:0:1:2:3:4:5 refused', '… refused'],
  ])('do not name computers: %s', async (reason, shown) => {
    const { result } = await combine('availability', [failed('a', reason)])
    expect(result.message).toBe(`no valid answer from 1 node: 1 could not answer (${shown})`)
  })

  it.each([
    'The cohort is not valid: cohort.groups[0].rules[1].oper: unknown operator "==": write = or !=',
    'not a valid task: cohort.groups[0].exclude: unknown member',
    '20.5 is not a whole number: ages and times are counted in whole units',
    '"20|30:AGE:Y" is not a range',
  ])('keep the place of a problem: %s', async (reason) => {
    const { result } = await combine('availability', [failed('a', reason)])
    expect(result.message).toBe(`no valid answer from 1 node: 1 could not answer (${reason})`)
  })
})
