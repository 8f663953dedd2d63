import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parsePostgresAddress, SourceError } from '@warren/database'
import type { DisclosurePolicy } from '@warren/disclosure'
import { createDatabase, describePostgres, type TestDatabase } from '@warren/testkit'
import {
  decodeAlternatives,
  decodeDistribution,
  fileText,
  type EncodedResult,
} from '@warren/task-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CdmSource } from '../../src/sources/cdm-source.ts'
import { PostgresSource } from '../../src/sources/postgres-source.ts'
import { DistributionCache } from '../../src/solve/distribution-cache.ts'
import { startDeadline } from '../../src/solve/run-query.ts'
import type { SolveContext } from '../../src/solve/solve-context.ts'
import { solveTask } from '../../src/solve/solve-task.ts'
import { eachRowOf } from '../support/each-row.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'
import { CONCEPT, duckDbHospital, postgresHospital } from '../support/small-hospital.ts'
import { availability, distribution, person, rule } from '../support/tasks.ts'

const NO_SUPPRESSION: DisclosurePolicy = { threshold: 0, nearest: 0 }

function contextOver(source: CdmSource, more: Partial<SolveContext> = {}): SolveContext {
  return {
    source,
    policy: { threshold: 10, nearest: 10 },
    omop: { specimen: false, location: false },
    collectionId: 'our_collection',
    version: '9.9.9',
    encode: true,
    deadline: startDeadline(60_000),
    stop: new AbortController().signal,
    clock: new JumpingClock(),
    log: recordingLog().log,
    ...more,
  }
}

/** `source` with another `query`. */
const withQuery = (source: CdmSource, query: CdmSource['query']): CdmSource => ({
  dialect: source.dialect,
  schema: source.schema,
  query,
  each: eachRowOf(query),
  check: (options) => source.check(options),
  [Symbol.asyncDispose]: () => Promise.resolve(),
})

const at = (iso: string) => new JumpingClock(Date.parse(iso))

const rowsOf = (result: EncodedResult) => {
  const [file] = result.queryResult.files
  if (file === undefined) throw new Error('no file')
  const { rows, problems } = decodeDistribution(fileText(file))
  expect(problems).toEqual([])
  return rows
}

/** The tests of all engines. */
function solvesTasks(open: () => Promise<CdmSource>): void {
  let source: CdmSource
  beforeAll(async () => {
    source = await open()
  })
  afterAll(() => source[Symbol.asyncDispose]())

  const solve = (task: unknown, more: Partial<SolveContext> = {}) =>
    solveTask(task, contextOver(source, more))
  const count = async (task: unknown, more: Partial<SolveContext> = {}) => {
    const { result, failure } = await solve(task, more)
    expect(failure).toBeUndefined()
    return result.queryResult.count
  }

  const demographics = async (policy: DisclosurePolicy) => {
    const { result } = await solve(distribution('DEMOGRAPHICS'), { policy })
    const [sex, genomics] = rowsOf(result)
    return {
      total: sex?.count,
      sexes: Object.fromEntries(decodeAlternatives(sex?.alternatives ?? '')),
      genomics: genomics?.alternatives,
      result,
    }
  }

  describe('availability', () => {
    it('returns the format that receivers expect', async () => {
      const { result } = await solve(availability([person('8507')]))
      expect(result).toEqual({
        uuid: 'unique_id',
        status: 'ok',
        collection_id: 'collection_id',
        message: '',
        protocolVersion: 'v2',
        queryResult: { count: 30, datasetCount: 0, files: [] },
      })
    })

    it.each([
      { threshold: 0, nearest: 0, disclosed: 32 },
      { threshold: 0, nearest: 10, disclosed: 30 },
      { threshold: 32, nearest: 10, disclosed: 30 },
      { threshold: 33, nearest: 10, disclosed: 0 },
      { threshold: 31, nearest: 10, disclosed: 30 },
      { threshold: 10, nearest: 100, disclosed: 0 },
      { threshold: 10, nearest: 7, disclosed: 35 },
    ])(
      'discloses 32 people as $disclosed with threshold $threshold and rounding to $nearest',
      async ({ disclosed, ...policy }) => {
        expect(await count(availability([person('8507')]), { policy })).toBe(disclosed)
      },
    )

    it('counts each person once, even with several events', async () => {
      const policy = NO_SUPPRESSION
      expect(await count(availability([rule(String(CONCEPT.cough))]), { policy })).toBe(25)
      const both = [rule(String(CONCEPT.cough)), rule(String(CONCEPT.asthma))]
      expect(await count(availability(both), { policy })).toBe(6)
    })

    it('searches specimens only if the site enables them', async () => {
      const task = availability([rule(String(CONCEPT.blood), { varcat: 'Specimen' })])
      const { result } = await solve(task)
      expect(result.queryResult.count).toBe(0)
      expect(await count(task, { omop: { specimen: true, location: false } })).toBe(30)
    })

    it('takes the current day from the given clock', async () => {
      const task = availability([rule(String(CONCEPT.cough), { time: '|1:TIME:M' })])
      const policy = NO_SUPPRESSION
      expect(await count(task, { policy, clock: at('2015-06-20T12:00:00') })).toBe(25)
      expect(await count(task, { policy, clock: at('2015-08-20T12:00:00') })).toBe(0)
    })

    it('answers an invalid task with an error that names the invalid rules', async () => {
      const { result, failure } = await solve(
        availability([person('8507'), rule('abc'), rule('1', { time: 'garbage' })]),
      )
      expect(result).toMatchObject({
        uuid: 'unique_id',
        collection_id: 'collection_id',
        status: 'error',
        queryResult: { count: 0, datasetCount: 0, files: [] },
      })
      expect(result.message).toContain('cohort.groups[0].rules[1]')
      expect(result.message).toContain('cohort.groups[0].rules[2]')
      expect(failure?.kind).toBe('invalid')
    })
  })

  describe('code distribution', () => {
    it('lists all domains in order, and concepts by ID', async () => {
      const { result } = await solve(distribution('GENERIC'), {
        policy: NO_SUPPRESSION,
        omop: { specimen: true, location: false },
      })
      const rows = rowsOf(result)
      expect(rows.map(({ category, code, count }) => [category, code, count])).toEqual([
        ['Condition', 'OMOP:4242', 4],
        ['Condition', 'OMOP:254761', 25],
        ['Condition', 'OMOP:317009', 12],
        ['Ethnicity', 'OMOP:38003563', 15],
        ['Gender', 'OMOP:8507', 32],
        ['Gender', 'OMOP:8532', 25],
        ['Gender', 'OMOP:8551', 3],
        ['Race', 'OMOP:8527', 60],
        ['Measurement', 'OMOP:3004249', 11],
        ['Specimen', 'OMOP:4001225', 30],
      ])
      expect(result.queryResult).toMatchObject({ count: 10, datasetCount: 1 })
      expect(rows[1]).toMatchObject({
        biobank: 'collection_id',
        omop: '254761',
        omopDescription: 'Cough',
        description: '',
        alternatives: '',
        dataset: '',
      })
    })

    it('suppresses by the true count, rounds the others, and leaves out rows that become 0', async () => {
      const rows = async (policy: DisclosurePolicy) =>
        rowsOf((await solve(distribution('GENERIC'), { policy })).result).map(({ code, count }) => [
          code,
          count,
        ])
      expect(await rows({ threshold: 11, nearest: 100 })).toEqual([['OMOP:8527', 100]])
      expect(await rows({ threshold: 20, nearest: 20 })).toEqual([
        ['OMOP:254761', 20],
        ['OMOP:8507', 40],
        ['OMOP:8532', 20],
        ['OMOP:8527', 60],
      ])
    })

    it('hides a second gender if the hidden one follows from the others', async () => {
      const { result } = await solve(distribution('GENERIC'), {
        policy: { threshold: 10, nearest: 0 },
      })
      const genders = rowsOf(result).filter(({ category }) => category === 'Gender')
      expect(genders.map(({ code, count }) => [code, count])).toEqual([['OMOP:8507', 32]])
    })

    it('names members that it does not understand and invalid rules at once', async () => {
      const task = availability([person('male', { negate: true })])
      const { failure } = await solve({ ...task, exclude: true })
      expect(failure?.kind).toBe('invalid')
      expect(failure?.reason).toMatch(/exclude: unknown member/)
      expect(failure?.reason).toMatch(/cohort\.groups\[0\]\.rules\[0\]\.negate: unknown member/)
      expect(failure?.reason).toMatch(/cohort\.groups\[0\]\.rules\[0\]\.value: /)
    })

    it('leaves out the concepts that the site denies, and does not count them', async () => {
      const all = await solve(distribution('GENERIC'))
      const denied = new Set<number>([CONCEPT.cough, CONCEPT.male])
      const { result } = await solve(distribution('GENERIC'), { denied })
      const codes = (rows: ReturnType<typeof rowsOf>) => rows.map(({ omop }) => Number(omop))
      expect(codes(rowsOf(all.result))).toEqual(expect.arrayContaining([...denied]))
      expect(codes(rowsOf(result))).toEqual(
        codes(rowsOf(all.result)).filter((code) => !denied.has(code)),
      )
      expect(result.queryResult.count).toBe(rowsOf(result).length)
    })

    it('writes the file with exactly the columns receivers read', async () => {
      const { result } = await solve(distribution('GENERIC'), { encode: false })
      const [codes, metadata] = result.queryResult.files
      const lines = codes?.file_data.toString().split('\n') ?? []
      expect(lines[0]).toBe(
        'BIOBANK\tCODE\tCOUNT\tDESCRIPTION\tMIN\tQ1\tMEDIAN\tMEAN\tQ3\tMAX\tALTERNATIVES\tDATASET\tOMOP\tOMOP_DESCR\tCATEGORY',
      )
      expect(lines).toContain('collection_id\tOMOP:8507\t30\t\t\t\t\t\t\t\t\t\t8507\tMALE\tGender')
      // The vocabulary of this hospital has a tab in a name.
      expect(lines).toContain(
        'collection_id\tOMOP:317009\t10\t\t\t\t\t\t\t\t\t\t317009\tAsthma unspecified\tCondition',
      )
      expect(codes).toMatchObject({
        file_name: 'code.distribution',
        file_description: 'Result of code.distribution analysis',
        file_reference: '',
        file_sensitive: true,
        file_type: 'BCOS',
        file_size: Buffer.byteLength(codes?.file_data ?? '') / 1000,
      })
      expect(metadata).toMatchObject({
        file_name: 'metadata.bcos',
        file_description: 'Metadata for the result of code.distribution analysis',
        file_sensitive: false,
        file_type: 'BCOS',
        file_data:
          'BIOBANK\tPROTOCOL\tOS\tBCLINK\tDATAMODEL\tROUNDING\tTHRESHOLD\nour_collection\tWarren Bunny\t\t9.9.9\tOMOP\t10\t10',
      })
    })

    it('writes the applied policy to the metadata', async () => {
      const { result } = await solve(distribution('GENERIC'), {
        policy: { threshold: -1, nearest: 5 },
        encode: false,
      })
      expect(result.queryResult.files[1]?.file_data).toMatch(/\tOMOP\t5\t0$/)
    })
  })

  describe('demographics distribution', () => {
    it('has the number of people as total, disclosed by itself', async () => {
      expect(await demographics({ threshold: 10, nearest: 10 })).toMatchObject({
        total: 60,
        sexes: { Male: 30, Female: 30 },
        genomics: '^No|60^',
      })
      expect(await demographics(NO_SUPPRESSION)).toMatchObject({
        total: 60,
        sexes: { Male: 32, Female: 25, Other: 3 },
      })
      expect(await demographics({ threshold: 0, nearest: 100 })).toMatchObject({
        total: 100,
        sexes: {},
      })
    })

    it('hides a second sex if the hidden one follows from the total', async () => {
      expect(await demographics({ threshold: 10, nearest: 0 })).toMatchObject({
        total: 60,
        sexes: { Male: 32 },
      })
      expect(await demographics({ threshold: 30, nearest: 0 })).toMatchObject({
        total: 60,
        sexes: {},
      })
    })

    it('has both rows even if both sexes are suppressed', async () => {
      const { result, ...rest } = await demographics({ threshold: 1000, nearest: 10 })
      expect(rest).toEqual({ total: 0, sexes: {}, genomics: '^No|0^' })
      expect(result.queryResult).toMatchObject({ count: 2, datasetCount: 1 })
    })

    it('writes the file with exactly the columns receivers read', async () => {
      const { result } = await solve(distribution('DEMOGRAPHICS'), { encode: false })
      expect(result.queryResult.files).toHaveLength(1)
      expect(result.queryResult.files[0]).toMatchObject({
        file_name: 'demographics.distribution',
        file_description: 'Result of code.distribution analysis',
        file_sensitive: true,
        file_data: [
          'BIOBANK\tCODE\tDESCRIPTION\tCOUNT\tMIN\tQ1\tMEDIAN\tMEAN\tQ3\tMAX\tALTERNATIVES\tDATASET\tOMOP\tOMOP_DESCR\tCATEGORY',
          'collection_id\tSEX\tSex\t60\t\t\t\t\t\t\t^Male|30^Female|30^\tperson\t\t\tDEMOGRAPHICS',
          'collection_id\tGENOMICS\tGenomics\t60\t\t\t\t\t\t\t^No|60^\tperson\t\t\tDEMOGRAPHICS',
        ].join('\n'),
      })
    })

    it('has the file size in thousands of Base64 characters, like the Python bunny', async () => {
      const { result } = await solve(distribution('DEMOGRAPHICS'))
      const [file] = result.queryResult.files
      expect(file?.file_size).toBe((file?.file_data.length ?? 0) / 1000)
      expect(file?.file_size).toBeGreaterThan(0.3)
    })
  })

  it('cancels the query at the deadline', async () => {
    const { result, failure } = await solve(availability([person('8507')]), {
      deadline: { signal: AbortSignal.abort(), withinMs: 240_000, endsAt: 0 },
    })
    expect(result).toMatchObject({ status: 'error', message: 'Not answered within 240 s.' })
    expect(failure?.kind).toBe('timeout')
  })
}

describe('solving tasks from DuckDB', () => {
  solvesTasks(async () => (await duckDbHospital()).source)
})

describePostgres('solving tasks from PostgreSQL', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase()
  })
  afterAll(() => database[Symbol.asyncDispose]())

  solvesTasks(async () => {
    const schema = 'Cdm "5.4"'
    await postgresHospital(database.url, schema)
    return PostgresSource.open({ ...parsePostgresAddress(database.url), schema })
  })
})

describe('tasks that cannot be answered', () => {
  let source: CdmSource
  beforeAll(async () => {
    ;({ source } = await duckDbHospital())
  })
  afterAll(() => source[Symbol.asyncDispose]())

  it.each([
    [
      'ICD-MAIN',
      'ICD-MAIN queries are not yet supported. The OMOP vocabulary of this site has no mappings of ICD10 or ICD10CM: they are in the table concept_relationship.',
    ],
    [
      'NOVEL',
      "'NOVEL' is not a valid distribution query type: use GENERIC, DEMOGRAPHICS or ICD-MAIN.",
    ],
  ])('get the reason: %s is not supported', async (code, message) => {
    const { result, failure } = await solveTask(distribution(code), contextOver(source))
    expect(result).toMatchObject({ status: 'error', message, uuid: 'unique_id' })
    expect(failure?.kind).toBe('unsupported')
  })

  it('get the shortened name of an unsupported analysis', async () => {
    const task = { ...distribution('X'), analysis: `PHEWAS\n${'x'.repeat(500)}` }
    const { result } = await solveTask(task, contextOver(source))
    expect(result.message).toMatch(/^PHEWAS x+… analyses are not yet supported\.$/)
  })

  it('get an error for their uuid if they are malformed', async () => {
    const { result, failure } = await solveTask({ uuid: 'u', cohort: 5 }, contextOver(source))
    expect(result).toMatchObject({ uuid: 'u', collection_id: 'our_collection', status: 'error' })
    expect(result.message).toContain('cohort')
    expect(failure?.kind).toBe('invalid')
  })

  it('are retried for a few seconds if the database is down', async () => {
    const clock = new JumpingClock()
    let attempts = 0
    const down = withQuery(source, () => {
      attempts += 1
      return Promise.reject(new SourceError('unavailable', 'db-7.internal refuses connections'))
    })
    const start = clock.now()
    const { result, failure } = await solveTask(
      availability([person('8507')]),
      contextOver(down, { clock }),
    )
    expect(attempts).toBe(4)
    expect(clock.now() - start).toBeLessThan(5000)
    expect(result).toMatchObject({ status: 'error', message: 'The database is not available.' })
    expect(failure?.cause).toBeInstanceOf(SourceError)
  })

  it('are answered if the database recovers', async () => {
    let attempts = 0
    const flaky = withQuery(source, (statement, options) => {
      attempts += 1
      return attempts === 1
        ? Promise.reject(new SourceError('unavailable', 'restarting'))
        : source.query(statement, options)
    })
    const { result } = await solveTask(availability([person('8507')]), contextOver(flaky))
    expect(result.queryResult.count).toBe(30)
  })

  it.each(['query', 'missing-table', 'timeout', 'authentication'] as const)(
    'are not retried after a %s failure',
    async (kind) => {
      let attempts = 0
      const broken = withQuery(source, () => {
        attempts += 1
        return Promise.reject(new SourceError(kind, 'no'))
      })
      const { result } = await solveTask(availability([person('8507')]), contextOver(broken))
      expect(attempts).toBe(1)
      expect(result.status).toBe('error')
    },
  )

  it('do not disclose the message of an internal error', async () => {
    const broken = withQuery(source, () => Promise.reject(new Error('patient 4711 SELECT secret')))
    const { result, failure } = await solveTask(availability([person('8507')]), contextOver(broken))
    expect(result.message).toBe('The bunny failed to solve the task.')
    expect(failure?.kind).toBe('internal')
  })

  it('are rejected without a result if the program stops', async () => {
    const reason = new DOMException('stop', 'AbortError')
    const solving = solveTask(
      availability([person('8507')]),
      contextOver(source, { stop: AbortSignal.abort(reason) }),
    )
    await expect(solving).rejects.toBe(reason)
  })
})

describe('distribution cache', () => {
  let folder = ''
  let source: CdmSource
  let queries = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-cache-'))
    const hospital = await duckDbHospital()
    source = withQuery(hospital.source, (statement, options) => {
      queries += 1
      return hospital.source.query(statement, options)
    })
  })
  afterAll(() => rm(folder, { recursive: true }))

  const cacheAt = (clock: JumpingClock, threshold = 10) =>
    DistributionCache.open({
      folder,
      ttlMs: 3_600_000,
      validFor: { threshold },
      clock,
      log: recordingLog().log,
    })

  it('answers the next task of the same kind without a query, until the entry expires', async () => {
    const clock = new JumpingClock()
    const cache = await cacheAt(clock)
    const context = contextOver(source, { clock, cache })
    const first = await solveTask(distribution('GENERIC', { uuid: 'one' }), context)
    const perTask = queries
    // One statement, so that all counts are from one snapshot.
    expect(perTask).toBe(1)
    const second = await solveTask(distribution('GENERIC', { uuid: 'two' }), context)
    expect(queries).toBe(perTask)
    expect(second.result.uuid).toBe('two')
    expect(second.result.queryResult).toEqual(first.result.queryResult)
    clock.advance(3_600_001)
    await solveTask(distribution('GENERIC', { uuid: 'three' }), context)
    expect(queries).toBe(2 * perTask)
  })

  it('ignores an entry from the future', async () => {
    const clock = new JumpingClock()
    const task = distribution('DEMOGRAPHICS')
    clock.advance(400 * 86_400_000)
    await solveTask(task, contextOver(source, { clock, cache: await cacheAt(clock, 30) }))
    clock.advance(-400 * 86_400_000)
    const before = queries
    await solveTask(task, contextOver(source, { clock, cache: await cacheAt(clock, 30) }))
    expect(queries - before).toBe(1)
  })

  it('ignores an entry with another threshold', async () => {
    const clock = new JumpingClock()
    const before = queries
    const task = distribution('DEMOGRAPHICS')
    await solveTask(task, contextOver(source, { clock, cache: await cacheAt(clock, 10) }))
    await solveTask(task, contextOver(source, { clock, cache: await cacheAt(clock, 20) }))
    expect(queries - before).toBe(2)
  })
})
