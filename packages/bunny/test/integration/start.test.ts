import { DuckDBInstance } from '@duckdb/node-api'
import { SourceError } from '@warren/database'
import { ProgramError } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { startBunny } from '../../src/bunny.ts'
import { loadBunnyConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/solve/open-database.ts'
import type { CdmSource } from '../../src/sources/cdm-source.ts'
import { DuckDbSource } from '../../src/sources/duckdb-source.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'
import { runBunny } from '../support/running-bunny.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospital } from '../support/small-hospital.ts'

/** The `ProgramError` with which `promise` rejects. */
async function failureOf(promise: Promise<unknown>): Promise<ProgramError> {
  const outcome = await promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  )
  if (outcome instanceof ProgramError) return outcome
  throw new Error('not a ProgramError', { cause: outcome })
}

describe('start of the daemon', () => {
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

  it('exits with 78 before the first poll and names the missing tables if the database is not a CDM', async () => {
    await using api = await ScriptedTaskApi.start()
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    await connection.run('CREATE TABLE person (person_id integer)')
    connection.closeSync()
    const failure = await failureOf(runBunny(api, DuckDbSource.forInstance(instance)))
    expect(failure.exitCode).toBe(78)
    expect(failure.message).toContain('concept')
    expect(failure.hint).toBeDefined()
    expect(api.polls).toEqual([])
    instance.closeSync()
  })

  it('can be stopped while the database is checked', async () => {
    const { source } = await duckDbHospital()
    const stop = new AbortController()
    const slow: CdmSource = {
      dialect: source.dialect,
      schema: source.schema,
      query: (statement, options) => source.query(statement, options),
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

  it('requires optional tables only if they are enabled', async () => {
    await using api = await ScriptedTaskApi.start()
    const { source, instance } = await duckDbHospital()
    const connection = await instance.connect()
    await connection.run('DROP TABLE specimen')
    connection.closeSync()
    const failure = await failureOf(runBunny(api, source, { OMOP_SPECIMEN_ENABLED: 'true' }))
    expect(failure.message).toContain('specimen')
    await using bunny = await runBunny(api, source)
    expect(bunny.errors).toEqual([])
    await source[Symbol.asyncDispose]()
  })
})
