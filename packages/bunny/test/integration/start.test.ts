import { SourceError } from '@warren/database'
import { ProgramError } from '@warren/runtime'
import { until } from '@warren/testkit'
import { describe, expect, it } from 'vitest'
import { startBunny } from '../../src/bunny.ts'
import { loadBunnyConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/solve/open-database.ts'
import type { CdmSource } from '../../src/sources/cdm-source.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { eachRowOf } from '../support/each-row.ts'
import { recordingLog } from '../support/log-lines.ts'
import { COLLECTION, runBunny, type RunningBunny } from '../support/running-bunny.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospital } from '../support/small-hospital.ts'
import { availability, person, rule } from '../support/tasks.ts'

/** The `ProgramError` with which `promise` rejects. */
async function failureOf(promise: Promise<unknown>): Promise<ProgramError> {
  const outcome = await promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  )
  if (outcome instanceof ProgramError) return outcome
  throw new Error('not a ProgramError', { cause: outcome })
}

const men = (uuid: string) => availability([person('8507')], { uuid, collection: COLLECTION })
const count = (bunny: RunningBunny, event: string) =>
  bunny.events.filter((one) => one === event).length

/** A source that fails with `failure` while it is set. */
class FailingSource implements CdmSource {
  readonly dialect
  readonly schema
  failure: SourceError | undefined
  readonly #source: CdmSource

  constructor(source: CdmSource, failure?: SourceError) {
    this.#source = source
    this.failure = failure
    this.dialect = source.dialect
    this.schema = source.schema
  }

  query(...args: Parameters<CdmSource['query']>): ReturnType<CdmSource['query']> {
    return this.failure === undefined ? this.#source.query(...args) : Promise.reject(this.failure)
  }

  readonly each = eachRowOf((statement, options) => this.query(statement, options))

  check(...args: Parameters<CdmSource['check']>): ReturnType<CdmSource['check']> {
    return this.failure === undefined ? this.#source.check(...args) : Promise.reject(this.failure)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

const away = new SourceError('unavailable', 'cannot reach the database', { code: 'ECONNREFUSED' })

describe('opening the database of a command', () => {
  it('waits for a database that is still starting', async () => {
    const { source } = await duckDbHospital()
    const clock = new JumpingClock()
    const { log, lines } = recordingLog()
    let attempts = 0
    const open = () => {
      attempts += 1
      return attempts < 4
        ? Promise.reject(new SourceError('unavailable', 'db:5432 refuses connections'))
        : Promise.resolve(source)
    }
    expect(await openDatabase({ open, driver: 'duckdb', waitMs: 30_000, clock, log })).toBe(source)
    expect(lines.map(({ msg }) => msg)).toEqual(Array.from({ length: 3 }, () => 'database retry'))
    await source[Symbol.asyncDispose]()
  })

  it('exits with 69 if the database does not start, and without a wait if the password is wrong', async () => {
    const clock = new JumpingClock()
    const { log } = recordingLog()
    const start = clock.now()
    const opening = (kind: 'unavailable' | 'authentication') =>
      openDatabase({
        open: () => Promise.reject(new SourceError(kind, 'no')),
        driver: 'duckdb',
        waitMs: 30_000,
        clock,
        log,
      })
    expect((await failureOf(opening('authentication'))).exitCode).toBe(69)
    expect(clock.now()).toBe(start)
    expect((await failureOf(opening('unavailable'))).exitCode).toBe(69)
    expect(clock.now() - start).toBeLessThanOrEqual(30_000)
  })
})

describe('a daemon whose database does not work', () => {
  it('polls, answers with the reason after the wait, and recovers by itself', async () => {
    const { source } = await duckDbHospital()
    await using api = await ScriptedTaskApi.start()
    const failing = new FailingSource(source, away)
    api.queue(men('during'))
    await using bunny = await runBunny(api, failing, { BUNNY_DATABASE_WAIT: '1s' })
    await until(() => api.posts.length === 1)
    expect(api.results[0]).toMatchObject({
      uuid: 'during',
      status: 'error',
      message: 'The database is not available.',
    })
    expect(bunny.lines.filter(({ msg }) => msg === 'database unavailable')).toMatchObject([
      { level: 50, code: 'ECONNREFUSED', advice: expect.stringContaining('DATASOURCE_') },
    ])
    failing.failure = undefined
    api.queue(men('after'))
    await until(() => api.posts.length === 2)
    expect(api.results[1]).toMatchObject({ uuid: 'after', status: 'ok' })
    await until(() => count(bunny, 'database recovered') === 1)
    expect(count(bunny, 'database unavailable')).toBe(1)
    await source[Symbol.asyncDispose]()
  })

  it('waits for a database that takes a while to start', async () => {
    const { source } = await duckDbHospital()
    await using api = await ScriptedTaskApi.start()
    const failing = new FailingSource(source, away)
    api.queue(men('early'))
    await using bunny = await runBunny(api, failing)
    await until(() => bunny.events.includes('task received'))
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(api.posts).toEqual([])
    failing.failure = undefined
    await until(() => api.posts.length === 1)
    expect(api.results[0]).toMatchObject({ uuid: 'early', status: 'ok' })
    await source[Symbol.asyncDispose]()
  })

  it('answers with the reason at the deadline of the task at the latest', async () => {
    const { source } = await duckDbHospital()
    await using api = await ScriptedTaskApi.start()
    api.queue(men('t'))
    await using bunny = await runBunny(api, new FailingSource(source, away), {
      BUNNY_DATABASE_WAIT: '1h',
      BUNNY_AVAILABILITY_TIMEOUT: '2s',
    })
    await until(() => api.posts.length === 1)
    expect(api.results[0]?.message).toBe('The database is not available.')
    expect(count(bunny, 'database unavailable')).toBe(1)
    await source[Symbol.asyncDispose]()
  })

  it('answers at once while the database rejects its password, and logs that once', async () => {
    const { source } = await duckDbHospital()
    await using api = await ScriptedTaskApi.start()
    const failing = new FailingSource(source)
    await using bunny = await runBunny(api, failing)
    failing.failure = new SourceError('authentication', 'the database rejected the password', {
      code: '28P01',
    })
    api.queue(men('a'), men('b'))
    await until(() => api.posts.length === 2)
    expect(api.results[0]?.message).toBe('The database rejected the credentials of the bunny.')
    failing.failure = undefined
    await until(() => count(bunny, 'database recovered') === 1)
    expect(count(bunny, 'database unavailable')).toBe(1)
    await source[Symbol.asyncDispose]()
  })

  it('fails only the tasks that need a missing table, and logs one line for all of them', async () => {
    await using api = await ScriptedTaskApi.start()
    const { source, instance } = await duckDbHospital()
    const connection = await instance.connect()
    for (const table of ['drug_exposure', 'procedure_occurrence']) {
      await connection.run(`ALTER TABLE ${table} RENAME TO away_${table}`)
    }
    api.queue(
      men('t'),
      availability([rule('1', { varcat: 'Medication' })], { uuid: 'u', collection: COLLECTION }),
    )
    await using bunny = await runBunny(api, source)
    await until(() => api.posts.length === 2)
    const byUuid = new Map(api.results.map((result) => [result.uuid, result]))
    expect(byUuid.get('t')).toMatchObject({ status: 'ok', queryResult: { count: 30 } })
    expect(byUuid.get('u')?.message).toContain('a table that this task needs')
    const problems = bunny.errors.filter(({ msg }) => msg === 'cdm problem')
    expect(problems).toMatchObject([
      { detail: expect.stringMatching(/drug_exposure.*procedure_occurrence/) },
    ])
    connection.closeSync()
    await source[Symbol.asyncDispose]()
  })

  it('requires optional tables only if they are enabled', async () => {
    await using api = await ScriptedTaskApi.start()
    const { source, instance } = await duckDbHospital()
    const connection = await instance.connect()
    await connection.run('DROP TABLE specimen')
    connection.closeSync()
    {
      await using bunny = await runBunny(api, source, { OMOP_SPECIMEN_ENABLED: 'true' })
      expect(bunny.errors).toMatchObject([
        { msg: 'cdm problem', detail: expect.stringContaining('specimen') },
      ])
    }
    await using bunny = await runBunny(api, source)
    expect(bunny.errors).toEqual([])
    await source[Symbol.asyncDispose]()
  })

  it('can be stopped while the database is checked', async () => {
    const { source } = await duckDbHospital()
    const stop = new AbortController()
    const slow: CdmSource = {
      dialect: source.dialect,
      schema: source.schema,
      query: (statement, options) => source.query(statement, options),
      each: (statement, start, options) => source.each(statement, start, options),
      check: (options) => {
        stop.abort()
        return options?.signal?.aborted === true
          ? Promise.reject(new SourceError('cancelled', 'the statement was cancelled'))
          : source.check(options)
      },
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    }
    const config = loadBunnyConfig({
      TASK_API_BASE_URL: 'https://127.0.0.1:1',
      TASK_API_USERNAME: 'a',
      TASK_API_PASSWORD: 'b',
      COLLECTION_ID: 'c',
      DATASOURCE_DB_DRIVERNAME: 'duckdb',
    })
    const { log } = recordingLog()
    const starting = startBunny(config, { log, source: slow, signal: stop.signal, env: {} })
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' })
    await source[Symbol.asyncDispose]()
  })
})
