import {
  CODE_DISTRIBUTION,
  countResult,
  decodeDistribution,
  distributionResult,
  errorResult,
  fileText,
  resultFile,
  serializeResultBytes,
} from '@warren/task-api'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { combineResults } from '../../src/answers/combine-results.ts'
import type { NodeResult } from '../../src/store/task-store.ts'
import type { TaskType } from '../../src/vocabulary/task-kind.ts'
import { COMBINE_OPTIONS } from '../harness/task-settings.ts'

const address = { uuid: 'subtask', collection: 'node' }
const OPTIONS = COMBINE_OPTIONS

function task(asked: number, type: TaskType = 'availability') {
  return { uuid: 'upstream-uuid', collection: 'RQ-CC-EXAMPLE', type, asked }
}

function people(nodeId: string, count: number): NodeResult {
  return { nodeId, status: 'ok', json: serializeResultBytes(countResult(address, count)) }
}

function failed(nodeId: string): NodeResult {
  return {
    nodeId,
    status: 'error',
    json: serializeResultBytes(errorResult(address, 'no database')),
  }
}

function codes(nodeId: string, tsv: string): NodeResult {
  const file = resultFile({ name: CODE_DISTRIBUTION, text: tsv, description: '', sensitive: true })
  const rows = tsv.split('\n').length - 1
  return {
    nodeId,
    status: 'ok',
    json: serializeResultBytes(distributionResult(address, rows, [file])),
  }
}

function codeLine(code: string, count: number, name: string, category: string): string {
  return `node\tOMOP:${code}\t${count}${'\t'.repeat(10)}${code}\t${name}\t${category}`
}

async function* each(results: readonly NodeResult[]): AsyncGenerator<NodeResult> {
  yield* results
}

describe('the combined result of a task', () => {
  it('is addressed to the upstream and states how many nodes answered', async () => {
    const { result, coverage } = await combineResults(
      task(4),
      each([people('a', 44), people('b', 61), people('c', 0)]),
      OPTIONS,
    )
    expect(result).toEqual({
      uuid: 'upstream-uuid',
      status: 'ok',
      collection_id: 'RQ-CC-EXAMPLE',
      message: 'answered by 3 of 4 nodes',
      protocolVersion: 'v2',
      queryResult: { count: 110, datasetCount: 0, files: [] },
    })
    expect(coverage).toEqual({ asked: 4, answered: 3, partial: 0, failed: 0, late: 1 })
  })

  it('says what the counts are restricted to, merged and without other messages', async () => {
    const said = (nodeId: string, message: string): NodeResult => ({
      nodeId,
      status: 'ok',
      json: serializeResultBytes(countResult(address, 50, message)),
    })
    const only = (unit: string): string => `only values in "${unit}" were compared`
    const results = [
      said('a', only('mmol/mol')),
      said('b', `answered by 2 of 3 nodes; ${only('mmol/mol')}`),
      said('c', 'northgate is the best hospital'),
      said('d', ''),
    ]
    const { result } = await combineResults(task(4), each(results), OPTIONS)
    expect(result.message).toBe(`answered by 4 of 4 nodes; ${only('mmol/mol')}`)
    const silent = { ...OPTIONS, reportCoverage: false }
    const { result: other } = await combineResults(
      task(2),
      each([said('a', only('%')), said('b', only('mmol/mol'))]),
      silent,
    )
    expect(other.message).toBe(`${only('%')}; ${only('mmol/mol')}`)
  })

  it('does not mention nodes if the coverage report is disabled', async () => {
    const { result } = await combineResults(task(1), each([people('a', 44)]), {
      ...OPTIONS,
      reportCoverage: false,
    })
    expect(result.message).toBe('')
  })

  it.each([
    [2, 30, 'answered by 2 of 3 nodes'],
    [3, 0, 'not published: fewer than 3 nodes answered (answered by 2 of 3 nodes)'],
  ])(
    'is published if %i nodes must answer: %i people',
    async (minAnsweringNodes, count, message) => {
      const { result, coverage } = await combineResults(
        task(3),
        each([people('a', 20), failed('b'), people('c', 10)]),
        { ...OPTIONS, minAnsweringNodes },
      )
      expect(result).toMatchObject({ message, status: count === 0 ? 'error' : 'ok' })
      expect(result.queryResult).toEqual({ count, datasetCount: 0, files: [] })
      expect(coverage).toMatchObject({ answered: 2, failed: 1 })
    },
  )

  it('counts a failure as a failure and not as 0 people', async () => {
    const { result, coverage } = await combineResults(
      task(2),
      each([failed('a'), people('b', 30)]),
      OPTIONS,
    )
    expect(result).toMatchObject({ status: 'ok', message: 'answered by 1 of 2 nodes' })
    expect(result.queryResult.count).toBe(30)
    expect(coverage).toMatchObject({ answered: 1, failed: 1, late: 0 })
  })

  it.each(['error', 'ERROR', 'failed'])(
    'treats status %s in the body as a failure even if it was stored with status ok',
    async (status) => {
      const json = serializeResultBytes({ ...countResult(address, 12), status })
      const results = each([{ nodeId: 'a', status: 'ok' as const, json }])
      expect((await combineResults(task(1), results, OPTIONS)).coverage.failed).toBe(1)
    },
  )

  it.each([
    {
      asked: 1,
      results: [failed('a')],
      message: 'no valid answer from 1 node: 1 could not answer (no database)',
    },
    {
      asked: 3,
      results: [failed('a')],
      message:
        'no valid answer from 3 nodes: 1 could not answer (no database), 2 did not answer in time',
    },
    { asked: 2, results: [], message: 'no valid answer from 2 nodes: 2 did not answer in time' },
  ])('is an error, never 0, without a valid result: $message', async (given) => {
    const { result } = await combineResults(task(given.asked), each(given.results), OPTIONS)
    expect(result).toMatchObject({ status: 'error', message: given.message })
  })

  it('is an error for demographics without any result, despite their constant row', async () => {
    const { result } = await combineResults(task(2, 'demographics'), each([]), OPTIONS)
    expect(result).toMatchObject({ status: 'error', queryResult: { count: 0, files: [] } })
  })

  it('combines the other results when a stored one is unreadable', async () => {
    const { result, coverage, problems } = await combineResults(
      task(3),
      each([
        { nodeId: 'a', status: 'ok', json: Buffer.from('not json') },
        { nodeId: 'b', status: 'ok', json: Buffer.from('{"queryResult":{"count":"many"}}') },
        people('c', 50),
      ]),
      OPTIONS,
    )
    expect(result.queryResult.count).toBe(50)
    expect(coverage).toEqual({ asked: 3, answered: 1, partial: 0, failed: 2, late: 0 })
    expect(problems.map(({ nodeId }) => nodeId)).toEqual(['a', 'b'])
  })

  it('matches the documented worked example for codes', async () => {
    const header =
      'BIOBANK\tCODE\tCOUNT\tDESCRIPTION\tMIN\tQ1\tMEDIAN\tMEAN\tQ3\tMAX\tALTERNATIVES\tDATASET\tOMOP\tOMOP_DESCR\tCATEGORY'
    const { result } = await combineResults(
      task(2, 'generic'),
      each([
        codes(
          'a',
          [
            header,
            codeLine('8507', 44, 'MALE', 'Gender'),
            codeLine('320128', 17, 'Essential hypertension', 'Condition'),
          ].join('\n'),
        ),
        codes(
          'b',
          [
            header,
            codeLine('8507', 61, 'MALE', 'Gender'),
            codeLine('201826', 4, 'T2DM', 'Condition'),
          ].join('\n'),
        ),
      ]),
      OPTIONS,
    )
    const { rows } = decodeDistribution(fileText(result.queryResult.files[0]!))
    // 105 is rounded half up to 110. The .NET relay rounds half to even and returns 100.
    expect(rows.map(({ code, count }) => [code, count])).toEqual([
      ['OMOP:8507', 110],
      ['OMOP:320128', 20],
      ['OMOP:201826', 0],
    ])
    expect(result.queryResult).toMatchObject({ count: 3, datasetCount: 1 })
  })

  it('never contains a count under the threshold, whatever the nodes send', async () => {
    const count = fc.integer({ min: 0, max: 30 })
    const row = fc.record({
      code: fc.constantFrom('SEX', 'GENOMICS', 'BANDS', 'LIVING'),
      count,
      alternatives: fc.array(fc.tuple(fc.constantFrom('Male', 'female', 'No', 'X'), count), {
        maxLength: 3,
      }),
    })
    const policy = fc.record({
      threshold: fc.integer({ min: 1, max: 20 }),
      nearest: fc.constant(0),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(row, { maxLength: 4 }), { maxLength: 4 }),
        policy,
        async (nodes, disclosure) => {
          const results = nodes.map((rows, index): NodeResult => {
            const lines = rows.map(
              (row) =>
                `${row.code}\t${row.count}\t^${row.alternatives.map(([key, n]) => `${key}|${n}^`).join('')}`,
            )
            const file = resultFile({
              name: 'demographics.distribution',
              text: ['CODE\tCOUNT\tALTERNATIVES', ...lines].join('\n'),
              description: '',
              sensitive: true,
            })
            const json = serializeResultBytes(distributionResult(address, rows.length, [file]))
            return { nodeId: String(index), status: 'ok', json }
          })
          const { result } = await combineResults(
            task(nodes.length, 'demographics'),
            each(results),
            { ...OPTIONS, disclosure },
          )
          for (const file of result.queryResult.files) {
            for (const { alternatives, count: total } of decodeDistribution(fileText(file)).rows) {
              const parts = [...alternatives.matchAll(/\|(\d+)/g)].map(([, n]) => Number(n))
              const figures = parts.length > 0 ? parts : [total]
              for (const figure of figures) {
                expect(figure === 0 || figure >= disclosure.threshold).toBe(true)
              }
              // A total that differs from its parts would reveal the suppressed counts.
              if (parts.length > 0) expect(total).toBe(parts.reduce((sum, n) => sum + n, 0))
            }
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
