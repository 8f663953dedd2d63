import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { CdmData } from '@warren/cohort'
import {
  CODE_DISTRIBUTION,
  DEMOGRAPHICS_DISTRIBUTION,
  decodeAlternatives,
  decodeDistribution,
  fileText,
  type JsonObject,
} from '@warren/task-api'
import { createDatabase, createVhost, describePostgres, describeRabbit } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Hospital } from '../../src/demo/hospitals.ts'
import { startNetwork, type DemoNetwork } from '../../src/demo/network.ts'
import { QUESTIONS } from '../../src/demo/questions.ts'
import { expectedConcepts, expectedCount, expectedSexes } from '../network/expected-result.ts'
import { readHospital } from '../network/hospital-data.ts'

const HOSPITALS: readonly Hospital[] = [
  { name: 'north', persons: 500, seed: 1, profile: 'regional', cdm: '5.4' },
  { name: 'south', persons: 400, seed: 2, profile: 'city', cdm: '5.4' },
  { name: 'east', persons: 300, seed: 3, profile: 'coast', cdm: '5.4' },
  { name: 'west', persons: 200, seed: 4, profile: 'university', cdm: '5.3' },
]

const rule = (parts: JsonObject): JsonObject => ({
  varname: 'OMOP',
  type: 'TEXT',
  oper: '=',
  ...parts,
})
const cohort = (operator: 'AND' | 'OR', ...rules: readonly JsonObject[]): JsonObject => ({
  cohort: { groups_oper: 'AND', groups: [{ rules_oper: operator, rules }] },
})

/** One task for every kind of rule that the demo does not use. */
const COHORTS: Readonly<Record<string, JsonObject>> = {
  'one sex': cohort('AND', rule({ varcat: 'Person', value: '8507' })),
  'a race or an ethnicity': cohort(
    'OR',
    rule({ varcat: 'Person', value: '8516' }),
    rule({ varcat: 'Person', value: '38003563' }),
  ),
  'an open range of ages now': cohort(
    'AND',
    rule({ varcat: 'Person', varname: 'AGE', type: 'NUM', value: '60|' }),
  ),
  'a condition, or not another': cohort(
    'OR',
    rule({ varcat: 'Condition', value: '320128' }),
    rule({ varcat: 'Condition', value: '201826', oper: '!=' }),
  ),
  'a measurement above a limit': cohort(
    'AND',
    rule({ varcat: 'Measurement', varname: 'OMOP=3004249', type: 'NUM', value: '140|1000000000' }),
  ),
  'an event within five years': cohort(
    'AND',
    rule({ varcat: 'Condition', value: '320128', time: '|5:TIME:Y' }),
  ),
  'an event between two ages': cohort(
    'AND',
    rule({ varcat: 'Condition', value: '320128', time: '40|70:AGE:Y' }),
  ),
  'an unknown concept': cohort('AND', rule({ varcat: 'Condition', value: '999999999' })),
}

function suite(open: () => Promise<{ store: string | undefined; queue: string }>): void {
  let network: DemoNetwork
  let folder: string
  let hospitals: (readonly CdmData[])[]
  let connections: { store: string | undefined; queue: string }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-network-'))
    connections = await open()
    network = await startNetwork({
      ...connections,
      folder,
      logFolder: join(folder, 'logs'),
      hospitals: HOSPITALS,
      onLogLine: () => {},
      onStep: () => {},
    })
    hospitals = await Promise.all(
      network.databases.map(({ hospital, source }) =>
        readHospital(source, { coordinates: hospital.cdm === '5.4' }),
      ),
    )
  }, 120_000)

  afterAll(async () => {
    await network?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const ask = async (task: JsonObject) => {
    const uuid = await network.upstream.ask({ ...task, collection: network.upstreamCollection })
    return network.upstream.waitForResult(uuid, { signal: AbortSignal.timeout(45_000) })
  }

  it('returns the count computed from the data for every kind of cohort', async () => {
    const now = new Date()
    const asked = [
      ...Object.entries(COHORTS),
      ...QUESTIONS.filter(({ task, name }) => 'cohort' in task && name !== 'away from a place').map(
        ({ name, task }) => [name, task] as const,
      ),
    ]
    const results = await Promise.all(asked.map(([, task]) => ask(task)))
    const combined = asked.map(([name], index) => [
      name,
      results[index]?.state,
      results[index]?.count,
    ])
    expect(combined).toEqual(
      asked.map(([name, task]) => [name, 'answered', expectedCount(hospitals, task, now)]),
    )
    for (const { message } of results) expect(message).toBe('answered by 4 of 4 nodes')
    expect(combined.filter(([, , count]) => Number(count) > 0).length).toBeGreaterThan(7)
  })

  it('counts a hospital that cannot answer as failed, not as 0', async () => {
    const place = QUESTIONS.find(({ name }) => name === 'away from a place')
    if (place === undefined) throw new Error('the demo has no question about a place')
    const result = await ask(place.task)
    expect(result.message).toMatch(
      /^answered by 3 of 4 nodes; 1 could not answer \(.*does not read Location data.*\)$/,
    )
    expect(result.count).toBe(expectedCount(hospitals.slice(0, 3), place.task, new Date()))
  })

  it('fails a question that no hospital can answer, and gives the reason', async () => {
    const result = await ask(cohort('AND', rule({ varcat: 'Starsign', value: '1' })))
    expect(result.state).toBe('failed')
    expect(result.count).toBeNull()
    expect(result.message).toMatch(/^no valid answer from 4 nodes: 4 could not answer \(/)
  })

  it('returns every row of the code distribution as computed from the data', async () => {
    const result = await ask({ analysis: 'DISTRIBUTION', code: 'GENERIC' })
    const file = result.result?.queryResult.files.find((one) => one.file_name === CODE_DISTRIBUTION)
    if (file === undefined) throw new Error('the result has no file')
    const { rows, problems } = decodeDistribution(fileText(file))
    expect(problems).toEqual([])
    const concepts = new Set(
      (
        await Promise.all(
          network.databases.map(({ source }) =>
            source.query({
              text: `select concept_id from ${source.schema === '' ? '' : `${source.schema}.`}concept`,
              values: [],
            }),
          ),
        )
      )
        .flat()
        .map((row) => Number(row['concept_id'])),
    )
    const expected = expectedConcepts(hospitals, concepts)
    expect(expected.size).toBeGreaterThan(50)
    expect(Object.fromEntries(rows.map(({ code, count }) => [code, count]))).toEqual(
      Object.fromEntries(expected),
    )
    expect(result.count).toBe(rows.length)
  })

  it('returns women and men as computed from the data', async () => {
    const result = await ask({ analysis: 'DISTRIBUTION', code: 'DEMOGRAPHICS' })
    const file = result.result?.queryResult.files.find(
      (one) => one.file_name === DEMOGRAPHICS_DISTRIBUTION,
    )
    if (file === undefined) throw new Error('the result has no file')
    const { rows } = decodeDistribution(fileText(file))
    const sex = rows.find(({ code }) => code === 'SEX')
    expect(Object.fromEntries(decodeAlternatives(sex?.alternatives ?? ''))).toEqual(
      expectedSexes(hospitals),
    )
  })

  it('answers thirty concurrent questions, each with its own count', async () => {
    const now = new Date()
    const tasks = Array.from({ length: 30 }, (_, index) =>
      cohort(
        'AND',
        rule({ varcat: 'Person', varname: 'AGE', type: 'NUM', value: `${index * 2}|90` }),
      ),
    )
    const results = await Promise.all(tasks.map((task) => ask(task)))
    expect(results.map(({ count }) => count)).toEqual(
      tasks.map((task) => expectedCount(hospitals, task, now)),
    )
  })
}

describe('the network on SQLite and its database queue', () => {
  suite(async () => ({ store: undefined, queue: 'database' }))
})

describePostgres('the network on PostgreSQL and its database queue', () => {
  suite(async () => ({ store: (await createDatabase()).url, queue: 'database' }))
})

describePostgres('the network on PostgreSQL and RabbitMQ', () => {
  describeRabbit('with a virtual host of its own', () => {
    suite(async () => ({ store: (await createDatabase()).url, queue: (await createVhost()).url }))
  })
})
