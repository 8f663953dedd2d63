import { parsePostgresAddress } from '@warren/database'
import {
  FaultProxy,
  createDatabase,
  describePostgres,
  startPrivatePostgres,
  until,
  type TestDatabase,
} from '@warren/testkit'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { generateOmop } from '@warren/omop'
import { systemClock } from '../../src/clock.ts'
import { loadBunnyConfig } from '../../src/config.ts'
import { sourceConfig, withCurrentPassword } from '../../src/source-config.ts'
import { openSource } from '../../src/sources/engines.ts'
import { WatchedSource } from '../../src/sources/watched-source.ts'
import { recordingLog } from '../support/log-lines.ts'
import { PostgresSource, type PostgresSourceOptions } from '../../src/sources/postgres-source.ts'

const ONE = { text: 'SELECT 1 AS one', values: [] }
const SLEEP = { text: 'SELECT pg_sleep(60)', values: [] }

describePostgres('a PostgreSQL source', () => {
  let database: TestDatabase
  let admin: Client

  beforeAll(async () => {
    database = await createDatabase()
    admin = new Client({ connectionString: database.url })
    await admin.connect()
    await generateOmop({ persons: 50, seed: 1, to: database.url, schema: 'cdm' })
  })
  afterAll(async () => {
    await admin.end()
    await database[Symbol.asyncDispose]()
  })

  const open = (options: Partial<PostgresSourceOptions> = {}): Promise<PostgresSource> =>
    PostgresSource.open({ ...parsePostgresAddress(database.url, {}), schema: 'cdm', ...options })

  const sessions = async (applicationName: string, state: string): Promise<number> => {
    const { rows } = await admin.query<{ n: number }>(
      `SELECT count(*)::integer AS n FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = $1 AND state = $2`,
      [applicationName, state],
    )
    return rows[0]?.n ?? -1
  }

  it('cancels the statement in the server on abort', async () => {
    const applicationName = 'warren-test-cancel'
    await using source = await open({ applicationName })
    const controller = new AbortController()
    const running = source.query(SLEEP, { signal: controller.signal })
    await until(async () => (await sessions(applicationName, 'active')) === 1)
    controller.abort()
    await expect(running).rejects.toMatchObject({ kind: 'cancelled' })
    await until(async () => (await sessions(applicationName, 'active')) === 0)
  })

  it('reads days in the zone of the site, whatever the zone of the server', async () => {
    await admin.query(`ALTER DATABASE ${database.name} SET timezone = 'Pacific/Auckland'`)
    try {
      const day = {
        text: `SELECT CAST(CAST('2026-06-30 23:30:00+00' AS timestamptz) AS date) AS day`,
        values: [],
      }
      for (const [timeZone, expected] of [
        ['UTC', '2026-06-30'],
        ['Europe/London', '2026-07-01'],
        ['America/New_York', '2026-06-30'],
      ] as const) {
        await using source = await open({ timeZone })
        expect(await source.query(day)).toEqual([{ day: expected }])
      }
    } finally {
      await admin.query(`ALTER DATABASE ${database.name} RESET timezone`)
    }
  })

  it('logs in with the password that its file has now', async () => {
    const user = `reader_${database.name}`
    const folder = await mkdtemp(join(tmpdir(), 'warren-password-'))
    const file = join(folder, 'password')
    try {
      await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD 'before-rotation'`)
      await writeFile(file, 'before-rotation\n')
      const { hostname, port } = new URL(database.url)
      const env = {
        TASK_API_BASE_URL: 'https://relay.example.org',
        TASK_API_USERNAME: 'site-a',
        TASK_API_PASSWORD: 'hunter2-hunter2',
        COLLECTION_ID: 'collection',
        DATASOURCE_DB_DRIVERNAME: 'postgresql',
        DATASOURCE_DB_HOST: hostname,
        DATASOURCE_DB_PORT: port,
        DATASOURCE_DB_DATABASE: database.name,
        DATASOURCE_DB_USERNAME: user,
        DATASOURCE_DB_PASSWORD_FILE: file,
      }
      const config = loadBunnyConfig(env)
      await using source = new WatchedSource({
        open: () => openSource(sourceConfig(withCurrentPassword(config, env), 2)),
        dialect: 'postgres',
        schema: '',
        advice: '',
        check: {},
        clock: systemClock,
        log: recordingLog().log,
      })
      expect(await source.query(ONE)).toEqual([{ one: 1 }])
      await admin.query(`ALTER ROLE ${user} PASSWORD 'after-rotation'`)
      await admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1',
        [user],
      )
      await expect(source.query(ONE)).rejects.toMatchObject({ kind: 'authentication' })
      await writeFile(file, 'after-rotation\n')
      expect(await source.query(ONE)).toEqual([{ one: 1 }])
    } finally {
      await admin.query(`DROP ROLE IF EXISTS ${user}`)
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('keeps to its number of connections', async () => {
    const applicationName = 'warren-test-bound'
    await using source = await open({ applicationName, poolSize: 2 })
    await Promise.all(
      Array.from({ length: 10 }, () => source.query({ text: 'SELECT pg_sleep(0.05)', values: [] })),
    )
    expect(await sessions(applicationName, 'idle')).toBe(2)
  })

  it('replaces terminated connections without an error', async () => {
    const applicationName = 'warren-test-terminated'
    await using source = await open({ applicationName, poolSize: 2 })
    await Promise.all([source.query(ONE), source.query(ONE)])
    await admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
      [applicationName],
    )
    expect(await Promise.all([source.query(ONE), source.query(ONE)])).toEqual([
      [{ one: 1 }],
      [{ one: 1 }],
    ])
  })

  it('replaces connections that the network reset', async () => {
    await using proxy = await FaultProxy.start(database.url)
    await using source = await open({ ...parsePostgresAddress(proxy.url(database.url), {}) })
    expect(await source.query(ONE)).toEqual([{ one: 1 }])
    proxy.reset()
    expect(await source.query(ONE)).toEqual([{ one: 1 }])
  })

  it('times out if the network drops all packets', async () => {
    await using proxy = await FaultProxy.start(database.url)
    await using source = await open({
      ...parsePostgresAddress(proxy.url(database.url), {}),
      statementTimeoutMs: 300,
      connectTimeoutMs: 500,
    })
    expect(await source.query(ONE)).toEqual([{ one: 1 }])
    proxy.blackhole()
    await expect(source.query(ONE)).rejects.toMatchObject({ kind: 'timeout', retryable: true })
    await expect(source.query(ONE)).rejects.toMatchObject({ kind: 'unavailable', retryable: true })
    await proxy.forward()
    expect(await source.query(ONE)).toEqual([{ one: 1 }])
  })

  it('rejects soon after an abort if the network drops all packets', async () => {
    await using proxy = await FaultProxy.start(database.url)
    await using source = await open(parsePostgresAddress(proxy.url(database.url), {}))
    expect(await source.query(ONE)).toEqual([{ one: 1 }])
    proxy.blackhole()
    const started = performance.now()
    await expect(source.query(ONE, { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
      kind: 'cancelled',
    })
    // The attempt to cancel in the server takes 3 seconds.
    expect(performance.now() - started).toBeLessThan(10_000)
    await proxy.forward()
  })

  it('reports why the connection failed, without the password', async () => {
    await admin.query("CREATE ROLE warren_nobody LOGIN PASSWORD 'right'")
    try {
      const address = parsePostgresAddress(database.url, {})
      await expect(
        PostgresSource.open({ ...address, database: 'warren_no_such_database' }),
      ).rejects.toMatchObject({ kind: 'unavailable', retryable: false })
      await expect(
        PostgresSource.open({
          ...address,
          hosts: [{ host: 'no-such-host.invalid', port: 5432 }],
        }),
      ).rejects.toMatchObject({ kind: 'unavailable' })
      const failure: unknown = await PostgresSource.open({
        ...address,
        username: 'warren_no_such_role',
        password: 'hunter2',
      }).catch((error: unknown) => error)
      expect(failure).toMatchObject({ kind: 'authentication' })
      expect(JSON.stringify(failure)).not.toContain('hunter2')
    } finally {
      await admin.query('DROP ROLE warren_nobody')
    }
  })

  it('checks privileges of columns', async () => {
    await admin.query(`CREATE ROLE warren_reader LOGIN PASSWORD 'reader'; GRANT USAGE ON SCHEMA cdm TO warren_reader;
      GRANT SELECT ON ALL TABLES IN SCHEMA cdm TO warren_reader; REVOKE SELECT ON cdm.drug_exposure FROM warren_reader;
      GRANT SELECT (person_id, drug_concept_id, drug_type_concept_id) ON cdm.drug_exposure TO warren_reader`)
    try {
      await using source = await open({ username: 'warren_reader', password: 'reader' })
      const { ok, problems } = await source.check()
      expect(ok).toBe(false)
      expect(problems.map(({ code, table, column }) => [code, table, column])).toEqual([
        ['no-privilege', 'drug_exposure', 'drug_exposure_start_date'],
      ])
      await expect(
        source.query({
          text: 'SELECT max(drug_exposure_start_date) FROM cdm.drug_exposure',
          values: [],
        }),
      ).rejects.toMatchObject({ kind: 'authentication', code: '42501' })
    } finally {
      await admin.query('DROP OWNED BY warren_reader; DROP ROLE warren_reader')
    }
  })

  it('finds indexes by their columns, independent of their names', async () => {
    await admin.query(`DROP INDEX cdm.idx_condition_concept_id_1; DROP INDEX cdm.idx_drug_concept_id_1;
      DROP INDEX cdm.idx_measurement_concept_id_1;
      CREATE INDEX anything ON cdm.condition_occurrence (condition_concept_id, person_id, condition_start_date);
      CREATE INDEX partial ON cdm.drug_exposure (drug_concept_id) WHERE person_id > 10;
      CREATE INDEX second ON cdm.measurement (person_id, measurement_concept_id)`)
    await using source = await open()
    const { ok, problems } = await source.check()
    expect(ok).toBe(true)
    expect(problems.map(({ code, table }) => [code, table])).toEqual([
      ['missing-index', 'drug_exposure'],
      ['missing-index', 'measurement'],
    ])
    await admin.query(problems.map(({ hint }) => hint.replace('CONCURRENTLY ', '')).join('; '))
    expect((await source.check()).problems).toEqual([])
  })

  it('accepts views instead of tables, and requires no indexes for them', async () => {
    await admin.query(`CREATE SCHEMA views; CREATE VIEW views.person AS SELECT * FROM cdm.person`)
    for (const name of [
      'concept',
      'condition_occurrence',
      'drug_exposure',
      'procedure_occurrence',
      'measurement',
      'observation',
    ]) {
      await admin.query(`CREATE VIEW views.${name} AS SELECT * FROM cdm.${name}`)
    }
    await using source = await open({ schema: 'views' })
    expect((await source.check()).problems).toEqual([])
  })

  it('reports tables with capital letters, and suggests the schema that has a CDM', async () => {
    await admin.query(
      'CREATE SCHEMA capitals; CREATE TABLE capitals."PERSON" ("PERSON_ID" integer)',
    )
    await using capitals = await open({ schema: 'capitals' })
    const problems = (await capitals.check()).problems
    expect(problems.find(({ table }) => table === 'person')?.message).toContain('"PERSON"')
    await using nowhere = await open({ schema: 'nowhere' })
    expect((await nowhere.check()).problems[0]?.hint).toContain('cdm')
  })

  it('recovers after a restart of the server', async () => {
    await using server = await startPrivatePostgres()
    await using source = await PostgresSource.open(parsePostgresAddress(server.url, {}))
    expect(await source.query(ONE)).toEqual([{ one: 1 }])
    await server.stop()
    await expect(source.query(ONE)).rejects.toMatchObject({ kind: 'unavailable', retryable: true })
    await server.start()
    expect(await source.query(ONE)).toEqual([{ one: 1 }])
    await server.kill()
    await expect(source.query(ONE)).rejects.toMatchObject({ kind: 'unavailable' })
    await server.start()
    await until(async () => (await source.query(ONE).catch(() => [])).length === 1)
  }, 90_000)
})
