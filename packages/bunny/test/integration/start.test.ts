import { DuckDBInstance } from '@duckdb/node-api'
import { ProgramError } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/solve/open-database.ts'
import { DuckDbSource } from '../../src/sources/duckdb-source.ts'
import { SourceError } from '../../src/sources/source-error.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'
import { runBunny } from '../support/running-bunny.ts'
import { ScriptedTaskApi } from '../support/scripted-task-api.ts'
import { duckDbHospital } from '../support/small-hospital.ts'

/** What `promise` rejects with. */
async function failureOf(promise: Promise<unknown>): Promise<ProgramError> {
  const outcome = await promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  )
  if (outcome instanceof ProgramError) return outcome
  throw new Error('not a ProgramError', { cause: outcome })
}

describe('start of the daemon', () => {
  it('waits for a database that is still coming up', async () => {
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
    expect(await openDatabase({ open, waitMs: 30_000, clock, log })).toBe(source)
    expect(lines.map(({ msg }) => msg)).toEqual(Array.from({ length: 3 }, () => 'database retry'))
    await source[Symbol.asyncDispose]()
  })

  it('ends with 69 when it does not come, and at once when the password is wrong', async () => {
    const clock = new JumpingClock()
    const { log } = recordingLog()
    const start = clock.now()
    const opening = (kind: 'unavailable' | 'authentication') =>
      openDatabase({
        open: () => Promise.reject(new SourceError(kind, 'no')),
        waitMs: 30_000,
        clock,
        log,
      })
    expect((await failureOf(opening('authentication'))).exitCode).toBe(69)
    expect(clock.now()).toBe(start)
    expect((await failureOf(opening('unavailable'))).exitCode).toBe(69)
    expect(clock.now() - start).toBeLessThanOrEqual(30_000)
  })

  it('ends with 78 and says what is missing when the database is no CDM, before it polls', async () => {
    await using api = await ScriptedTaskApi.start()
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    await connection.run('CREATE TABLE person (person_id integer)')
    connection.closeSync()
    const failure = await failureOf(runBunny(api, DuckDbSource.over(instance)))
    expect(failure.exitCode).toBe(78)
    expect(failure.message).toContain('concept')
    expect(failure.hint).toBeDefined()
    expect(api.polls).toEqual([])
    instance.closeSync()
  })

  it('asks for tables of a feature only where that is switched on', async () => {
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
