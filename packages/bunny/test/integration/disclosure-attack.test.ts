import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SourceError } from '@warren/database'
import { disclose, type DisclosurePolicy } from '@warren/disclosure'
import {
  decodeAlternatives,
  decodeDistribution,
  fileText,
  type EncodedResult,
} from '@warren/task-api'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { possibleCounts } from '../../../disclosure/test/support/partition-reader.ts'
import type { CdmSource } from '../../src/sources/cdm-source.ts'
import { DistributionCache } from '../../src/solve/distribution-cache.ts'
import { startDeadline } from '../../src/solve/run-query.ts'
import type { SolveContext } from '../../src/solve/solve-context.ts'
import { solveTask } from '../../src/solve/solve-task.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'
import { availability, distribution, person, rule } from '../support/tasks.ts'
import { unevenDuckDb, type UnevenData, type UnevenHospital } from '../support/uneven-hospital.ts'

/** `DISCLOSURE_RUNS=1000 npx vitest run …` generates 1,000 databases. */
const RUNS = Number(process.env['DISCLOSURE_RUNS'] ?? 20)

const GENDERS = [8507, 8532, 8551, null] as const
const RACES = [8527, 8516, 8515] as const
const CONDITIONS = [254_761, 317_009] as const
const THIS_YEAR = 2026

const CONCEPTS: UnevenData['concepts'] = [
  [8507, 'MALE'],
  [8532, 'FEMALE'],
  [8551, 'OTHER'],
  [8527, 'White'],
  [8516, 'Black'],
  [8515, 'Asian'],
  [254_761, 'Cough'],
  [317_009, 'Asthma'],
]

/** Some people alike. */
interface Kind {
  readonly gender: number
  readonly race: number
  readonly age: number
  readonly conditions: readonly boolean[]
  readonly people: number
}

function toData(kinds: readonly Kind[]): UnevenData {
  let id = 0
  const persons: UnevenData['persons'][number][] = []
  const conditions: UnevenData['conditions'][number][] = []
  for (const kind of kinds) {
    for (let each = 0; each < kind.people; each++) {
      id += 1
      const gender = GENDERS[kind.gender] ?? null
      persons.push([id, gender, RACES[kind.race] ?? 0, THIS_YEAR - kind.age])
      for (const [index, concept] of CONDITIONS.entries()) {
        if (kind.conditions[index] === true) conditions.push([id, concept])
      }
    }
  }
  return { concepts: CONCEPTS, persons, conditions }
}

let hospital: UnevenHospital
beforeAll(async () => {
  hospital = await unevenDuckDb()
})
afterAll(() => hospital[Symbol.asyncDispose]())

function contextOf(policy: DisclosurePolicy, more: Partial<SolveContext> = {}): SolveContext {
  return {
    source: hospital.source,
    policy,
    omop: { specimen: true, location: false, device: true, visit: true, death: true },
    ages: true,
    collectionId: 'our_collection',
    version: '1.2.3',
    encode: true,
    deadline: startDeadline(60_000),
    stop: new AbortController().signal,
    clock: new JumpingClock(Date.parse(`${String(THIS_YEAR)}-06-01T12:00:00Z`)),
    log: recordingLog().log,
    ...more,
  }
}

const rowsOf = (result: EncodedResult) => {
  const [file] = result.queryResult.files
  return file === undefined ? [] : decodeDistribution(fileText(file)).rows
}

const sizeOf = (kinds: readonly Kind[], holds: (kind: Kind) => boolean): number =>
  kinds.reduce((sum, kind) => sum + (holds(kind) ? kind.people : 0), 0)

const smallestOf = ({ threshold, nearest }: DisclosurePolicy): number =>
  Math.max(1, threshold, Math.ceil(nearest / 2))

/** Fails if a hidden count follows from the figures of partitions, or a rounded one exactly. */
function attack(
  disclosed: { total: number; figures: readonly (readonly number[])[] },
  truth: readonly (readonly number[])[],
  policy: DisclosurePolicy,
): void {
  const smallest = smallestOf(policy)
  const reading = {
    disclosed: { ...disclosed, knownTotal: { low: 0, high: 0 } },
    truth,
    policy,
  }
  for (const [which, counts] of truth.entries()) {
    const figures = disclosed.figures[which] ?? []
    if (figures.every((figure) => figure === 0)) continue
    for (const [index, count] of counts.entries()) {
      if (count === 0) continue
      const possible = possibleCounts({ ...reading, which, index })
      expect(possible).toContain(count)
      if (count < smallest) {
        expect(possible.filter((one) => one < smallest)).toHaveLength(smallest - 1)
      } else if (policy.nearest > 1 && figures[index] !== 0) {
        expect(possible.length).toBeGreaterThan(1)
      }
    }
  }
}

const policies = fc.constantFrom<DisclosurePolicy>(
  { threshold: 10, nearest: 10 },
  { threshold: 10, nearest: 0 },
  { threshold: 20, nearest: 5 },
  { threshold: 5, nearest: 0 },
  { threshold: 50, nearest: 10 },
)

const databases = fc.array(
  fc.record({
    gender: fc.nat(GENDERS.length - 1),
    race: fc.nat(RACES.length - 1),
    age: fc.constantFrom(3, 33, 34, 61, 97),
    conditions: fc.tuple(fc.boolean(), fc.boolean()),
    people: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 7, max: 60 })),
  }),
  { minLength: 1, maxLength: 8 },
)

describe('a reader who knows the policy and the categories', () => {
  it('finds no hidden count in any answer', { timeout: 60_000 + RUNS * 2_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(policies, databases, async (policy, kinds) => {
        await hospital.load(toData(kinds))
        const context = contextOf(policy)
        const smallest = smallestOf(policy)
        const everyone = sizeOf(kinds, () => true)
        const genders = GENDERS.map((_, index) => sizeOf(kinds, ({ gender }) => gender === index))
        const races = RACES.map((_, index) => sizeOf(kinds, ({ race }) => race === index))

        const generic = await solveTask(distribution('GENERIC'), context)
        expect(generic.failure).toBeUndefined()
        const rows = rowsOf(generic.result)
        expect(generic.result.queryResult.count).toBe(rows.length)
        const figure = (category: string, concept: number | null | undefined): number =>
          rows.find((one) => one.category === category && one.omop === String(concept))?.count ?? 0
        // The number of people is not in this answer, but one more question reveals it.
        const total = disclose(everyone, policy)
        const figures = [
          GENDERS.map((concept) => figure('Gender', concept)),
          RACES.map((concept) => figure('Race', concept)),
        ]
        attack({ total, figures }, [genders, races], policy)
        for (const [index, concept] of CONDITIONS.entries()) {
          const count = sizeOf(kinds, ({ conditions }) => conditions[index] === true)
          const rest = everyone - count
          const shown = figure('Condition', concept)
          if (shown === 0 || rest === 0 || rest >= smallest) continue
          const divided = [...figures, [shown, 0]]
          attack({ total, figures: divided }, [genders, races, [count, rest]], policy)
        }

        const [sex, genomics, age] = rowsOf(
          (await solveTask(distribution('DEMOGRAPHICS'), context)).result,
        )
        const sexes = decodeAlternatives(sex?.alternatives ?? '')
        const bands = decodeAlternatives(age?.alternatives ?? '')
        expect(genomics?.count).toBe(sex?.count)
        expect(sex?.count).toBe(total)
        attack(
          {
            total: sex?.count ?? 0,
            figures: [
              ['Male', 'Female', 'Other', 'Unknown'].map((name) => sexes.get(name) ?? 0),
              ['0-4', '30-34', '60-64', '90+'].map((name) => bands.get(name) ?? 0),
            ],
          },
          [
            genders,
            [[3], [33, 34], [61], [97]].map((ages) =>
              sizeOf(kinds, (one) => ages.includes(one.age)),
            ),
          ],
          policy,
        )
        for (const { count } of [...rows, ...(sex === undefined ? [] : [sex])]) {
          expect(count === 0 || count >= policy.threshold).toBe(true)
          expect(policy.nearest === 0 ? 0 : count % policy.nearest).toBe(0)
        }
      }),
      { numRuns: RUNS },
    )
  })
})

describe('every way out of the bunny', () => {
  const POLICY: DisclosurePolicy = { threshold: 50, nearest: 10 }
  /** 1,237 people: 37 are of another gender, 7 have asthma and 613 a cough. No figure may be one of these. */
  const KINDS: readonly Kind[] = [
    { gender: 0, race: 0, age: 33, conditions: [true, false], people: 606 },
    { gender: 0, race: 0, age: 61, conditions: [true, true], people: 7 },
    { gender: 1, race: 0, age: 61, conditions: [false, false], people: 587 },
    { gender: 2, race: 0, age: 3, conditions: [false, false], people: 37 },
  ]
  const SECRETS = [1237, 613, 606, 587, 594, 37, 7, 1230 - 613]

  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-ways-'))
    await hospital.load(toData(KINDS))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Fails in the middle of a result, like a database that is restarted. */
  const failing: CdmSource = {
    dialect: 'duckdb',
    schema: 'cdm',
    query: () => Promise.reject(new SourceError('query', 'row (1237, 613) is broken')),
    each: async (statement, start) => {
      let rows = 0
      await hospital.source.each(statement, () => {
        const read = start()
        return (row) => {
          rows += 1
          if (rows > 5) return
          read(row)
        }
      })
      throw new SourceError('query', 'row (1237, 613) is broken')
    },
    check: () => hospital.source.check(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }

  it('carries no true count: results, errors, logs at every level, files', async () => {
    const { log, lines } = recordingLog()
    const tasks = [
      availability([person('8507')]),
      availability([person('8551')]),
      availability([rule('254761')]),
      availability([rule('317009')]),
      availability([rule('317009', { oper: '!=' })]),
      availability([rule('abc')]),
      distribution('GENERIC'),
      distribution('DEMOGRAPHICS'),
      distribution('ICD-MAIN'),
      distribution('NOVEL'),
      { uuid: 'u', cohort: 5 },
    ]
    const cache = await DistributionCache.open({
      folder,
      ttlMs: 0,
      validFor: { ...POLICY },
      clock: new JumpingClock(),
      log,
    })
    const texts: string[] = []
    for (const task of tasks) {
      for (const more of [
        {},
        { encode: false },
        { cache },
        { cache },
        { statistics: true },
        { source: failing },
        { source: failing, cache, policy: { threshold: 60, nearest: 10 } },
        { deadline: { ...startDeadline(1000), signal: AbortSignal.abort() } },
      ]) {
        const { result, failure } = await solveTask(task, contextOf(POLICY, { log, ...more }))
        texts.push(JSON.stringify({ ...result, queryResult: result.queryResult.count }))
        for (const file of result.queryResult.files) {
          texts.push('encode' in more ? file.file_data.toString() : fileText(file))
        }
        texts.push(failure?.reason ?? '')
      }
    }
    texts.push(...lines.map((line) => JSON.stringify({ ...line, time: 0, durationMs: 0 })))
    for (const name of await readdir(folder)) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
      const rows = (await readFile(join(folder, name), 'utf8')).split('\n').slice(1)
      texts.push(rows.slice(0, -2).join('\n'))
    }
    for (const text of texts) {
      for (const secret of SECRETS) {
        expect(text).not.toMatch(new RegExp(`(?<![\\w.:/-])${String(secret)}(?![\\w.:/-])`))
      }
    }
  })
})
