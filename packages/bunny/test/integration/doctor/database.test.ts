import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { createDatabase, describePostgres, freePort, type TestDatabase } from '@warren/testkit'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CheckDocument } from '../../../src/doctor/check-document.ts'
import type { Step } from '../../../src/doctor/step.ts'
import { bunnyHere } from '../../support/command-line.ts'
import { ScriptedTaskApi } from '../../support/scripted-task-api.ts'
import { duckDbHospitalFile, postgresHospital } from '../../support/small-hospital.ts'

let folder: string
let api: ScriptedTaskApi

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-check-'))
  api = await ScriptedTaskApi.start()
})

afterEach(async () => {
  await api[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function check(env: NodeJS.ProcessEnv): Promise<CheckDocument & { readonly code: number }> {
  const { code, stdout } = await bunnyHere(['check', '--json'], {
    env: {
      TASK_API_BASE_URL: api.url,
      TASK_API_ENFORCE_HTTPS: 'false',
      TASK_API_USERNAME: 'north',
      TASK_API_PASSWORD: 'correct-horse-battery-staple',
      COLLECTION_ID: 'c',
      BUNNY_STATE_DIR: join(folder, 'outbox'),
      ...env,
    },
  })
  return { ...(JSON.parse(stdout) as CheckDocument), code }
}

const find = ({ steps }: CheckDocument, id: string): Step => {
  const step = steps.find((one) => one.id === id)
  if (step === undefined) throw new Error(`no step ${id}`)
  return step
}

describe('a DuckDB file', () => {
  const env = (): NodeJS.ProcessEnv => ({
    DATASOURCE_DB_DRIVERNAME: 'duckdb',
    DATASOURCE_DUCKDB_PATH_TO_DB: join(folder, 'omop.duckdb'),
    DATASOURCE_DUCKDB_TEMP_DIRECTORY: folder,
  })

  async function change(...statements: readonly string[]): Promise<void> {
    await duckDbHospitalFile(join(folder, 'omop.duckdb'))
    const instance = await DuckDBInstance.create(join(folder, 'omop.duckdb'))
    const connection = await instance.connect()
    for (const statement of statements) await connection.run(statement)
    connection.closeSync()
    instance.closeSync()
  }

  it('passes every step', async () => {
    await change()
    const document = await check(env())
    expect(document).toMatchObject({ code: 0, ok: true, exitCode: 0 })
    expect(document.steps.filter(({ status }) => status === 'failed')).toEqual([])
    expect(find(document, 'database.persons').detail).toContain('60 persons')
    expect(find(document, 'poll').status).toBe('skipped')
    expect(api.polls.filter(({ path }) => path.includes('nextjob'))).toEqual([])
  })

  it('does not exist', async () => {
    const document = await check(env())
    expect(document.code).toBe(74)
    expect(find(document, 'database.login')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('does not exist'),
      advice: [expect.stringContaining('DATASOURCE_DUCKDB_PATH_TO_DB')],
    })
    expect(find(document, 'database.question').status).toBe('skipped')
  })

  it('has no table observation', async () => {
    await change('DROP TABLE observation')
    const document = await check(env())
    expect(document.code).toBe(74)
    expect(find(document, 'database.tables')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('observation'),
    })
    expect(find(document, 'database.persons').status).toBe('skipped')
  })

  it('has a column of another type', async () => {
    await change(
      'ALTER TABLE condition_occurrence ALTER condition_start_date SET DATA TYPE VARCHAR',
    )
    expect(find(await check(env()), 'database.tables')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(/condition_start_date is VARCHAR, expected a date/),
    })
  })

  it('has persons twice and events of unknown persons', async () => {
    await change(
      'INSERT INTO person SELECT * FROM person LIMIT 3',
      'UPDATE measurement SET person_id = 4711 WHERE person_id = 10',
    )
    const document = await check(env())
    expect(document.code).toBe(0)
    expect(find(document, 'database.persons')).toMatchObject({
      status: 'warning',
      detail: '60 persons in 63 rows: person_id is not unique',
    })
    expect(find(document, 'database.orphans')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('measurement 1'),
    })
    expect(JSON.stringify(document)).not.toContain('4711')
  })
})

describePostgres('a PostgreSQL database', () => {
  let database: TestDatabase
  let admin: Client

  beforeAll(async () => {
    database = await createDatabase()
    await postgresHospital(database.url, 'OMOP Cdm')
    admin = new Client({ connectionString: database.url })
    await admin.connect()
    const { name } = database
    await admin.query(`CREATE ROLE "${name}_reader" LOGIN PASSWORD 'reader-password-1'`)
    await admin.query(`CREATE ROLE "${name}_writer" LOGIN PASSWORD 'writer-password-1'`)
    await admin.query(`CREATE ROLE "${name}_nobody" LOGIN PASSWORD 'nobody-password-1'`)
    await admin.query(`GRANT USAGE ON SCHEMA "OMOP Cdm" TO "${name}_reader", "${name}_writer"`)
    await admin.query(`GRANT SELECT ON ALL TABLES IN SCHEMA "OMOP Cdm" TO "${name}_reader"`)
    await admin.query(`GRANT ALL ON ALL TABLES IN SCHEMA "OMOP Cdm" TO "${name}_writer"`)
  })

  afterAll(async () => {
    const { name } = database
    const roles = `"${name}_reader", "${name}_writer", "${name}_nobody"`
    await admin.query(`DROP OWNED BY ${roles}`)
    await admin.query(`DROP ROLE ${roles}`)
    await admin.end()
    await database[Symbol.asyncDispose]()
  })

  const env = (role: string, password = `${role}-password-1`): NodeJS.ProcessEnv => {
    const url = new URL(database.url)
    return {
      DATASOURCE_DB_DRIVERNAME: 'postgresql',
      DATASOURCE_DB_HOST: url.hostname,
      DATASOURCE_DB_PORT: url.port,
      DATASOURCE_DB_DATABASE: database.name,
      DATASOURCE_DB_SCHEMA: 'OMOP Cdm',
      DATASOURCE_DB_USERNAME: `${database.name}_${role}`,
      DATASOURCE_DB_PASSWORD: password,
    }
  }

  it('passes for a user that can only read, and gives the statements for its indexes', async () => {
    const document = await check(env('reader'))
    expect(document.code).toBe(0)
    expect(find(document, 'database.privileges')).toMatchObject({ status: 'ok' })
    expect(find(document, 'database.indexes')).toMatchObject({
      status: 'warning',
      advice: expect.arrayContaining([
        'CREATE INDEX CONCURRENTLY ON "OMOP Cdm".concept (concept_id);',
      ]),
    })
    expect(find(document, 'database.question').status).toBe('ok')
  })

  it('warns about a user that can write', async () => {
    expect(find(await check(env('writer')), 'database.privileges')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('can write'),
    })
  })

  it('reports missing grants once, with the statements to paste', async () => {
    const document = await check(env('nobody'))
    expect(document.code).toBe(74)
    const { status, advice } = find(document, 'database.privileges')
    expect(status).toBe('failed')
    expect(advice).toEqual([
      expect.stringMatching(
        /^GRANT USAGE ON SCHEMA "OMOP Cdm" TO \w+; GRANT SELECT ON .*"OMOP Cdm".person.* TO \w+;$/,
      ),
    ])
  })

  it('distinguishes a database that does not exist from a server that is not there', async () => {
    const missing = await check({ ...env('reader'), DATASOURCE_DB_DATABASE: 'nowhere' })
    expect(find(missing, 'database.login')).toMatchObject({
      status: 'failed',
      advice: ['Check DATASOURCE_DB_DATABASE.'],
    })
    const closed = await check({ ...env('reader'), DATASOURCE_DB_PORT: String(await freePort()) })
    expect(closed.code).toBe(74)
    expect(find(closed, 'database.tcp')).toMatchObject({ status: 'failed' })
    expect(find(closed, 'database.login')).toMatchObject({ status: 'skipped' })
  })

  it('shows no secret, whatever fails', async () => {
    const document = await check({ ...env('reader'), DATASOURCE_DB_DATABASE: 'nowhere' })
    expect(JSON.stringify(document)).not.toMatch(/reader-password-1|correct-horse/)
  })
})
