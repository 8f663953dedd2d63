import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { createDatabase, describePostgres, until } from '@warren/testkit'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BunnyProcess } from '../support/bunny-process.ts'
import { LeasingRelay } from '../support/leasing-relay.ts'
import { peakMemory } from '../support/process-usage.ts'
import { CONCEPT, duckDbHospitalFile, postgresHospital } from '../support/small-hospital.ts'
import { availability, distribution, person } from '../support/tasks.ts'

const MB = 1_000_000
const CODES = 100_000
/** The result has 11 MB. */
const MAX_GROWTH = 150 * MB
const TIMEOUT_MS = 240_000
const COLLECTION = 'secret-collection-7'

/** As many concepts, each with ten people. */
const manyCodes = (schema: string): string[] => [
  `INSERT INTO ${schema}.concept SELECT 1000000 + x, 'A condition with a name of usual length ' || x, 'Condition'
    FROM generate_series(1, ${String(CODES)}) t(x)`,
  `INSERT INTO ${schema}.condition_occurrence (condition_occurrence_id, person_id, condition_concept_id)
    SELECT 1000 + x * 10 + p, 1 + (x + p) % 60, 1000000 + x
    FROM generate_series(1, ${String(CODES)}) t(x), generate_series(1, 10) u(p)`,
]

/** Asks for a distribution twice, and returns by how much the memory of the bunny grew. */
async function growth(env: Record<string, string>, folder: string): Promise<number> {
  await using relay = await LeasingRelay.start({ leaseMs: TIMEOUT_MS })
  const bunny = new BunnyProcess(['daemon'], {
    env: {
      TASK_API_BASE_URL: relay.url,
      TASK_API_USERNAME: 'site-a',
      TASK_API_PASSWORD: 'hunter2-hunter2',
      TASK_API_ENFORCE_HTTPS: 'false',
      COLLECTION_ID: COLLECTION,
      POLLING_INTERVAL: '1s',
      POLL_WAIT_SECONDS: '0',
      BUNNY_STATE_DIR: join(folder, 'state'),
      ...env,
    },
  })
  try {
    const ask = async (task: { uuid: string }): Promise<number | undefined> => {
      relay.ask(task)
      await until(() => relay.resultOf(task.uuid), { timeoutMs: 90_000, what: task.uuid })
      return relay.resultOf(task.uuid)?.queryResult.count
    }
    const address = (uuid: string) => ({ uuid, collection: COLLECTION })
    expect(await ask(availability([person(String(CONCEPT.male))], address('men')))).toBe(30)
    const idle = await peakMemory(bunny.child.pid)
    expect(await ask(distribution('GENERIC', address('first')))).toBeGreaterThan(CODES)
    expect(await ask(distribution('GENERIC', address('second')))).toBeGreaterThan(CODES)
    const peak = await peakMemory(bunny.child.pid)
    return peak - idle
  } finally {
    await bunny.kill('SIGKILL')
  }
}

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-codes-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the memory of a bunny that answers with 100,000 codes', () => {
  it.runIf(process.platform === 'linux')(
    'is bounded with DuckDB',
    async () => {
      const file = join(folder, 'omop.duckdb')
      await duckDbHospitalFile(file)
      const instance = await DuckDBInstance.create(file)
      const connection = await instance.connect()
      for (const statement of manyCodes('main')) await connection.run(statement)
      connection.closeSync()
      instance.closeSync()
      const env = { DATASOURCE_DB_DRIVERNAME: 'duckdb', DATASOURCE_DUCKDB_PATH_TO_DB: file }
      expect(await growth(env, folder)).toBeLessThan(MAX_GROWTH)
    },
    TIMEOUT_MS,
  )

  describePostgres('with a server', () => {
    it.runIf(process.platform === 'linux')(
      'is bounded with PostgreSQL',
      async () => {
        await using database = await createDatabase()
        await postgresHospital(database.url, 'omop')
        const client = new Client({ connectionString: database.url })
        await client.connect()
        for (const statement of manyCodes('omop')) await client.query(statement)
        await client.end()
        const url = new URL(database.url)
        const env = {
          DATASOURCE_DB_DRIVERNAME: 'postgresql',
          DATASOURCE_DB_HOST: url.hostname,
          DATASOURCE_DB_PORT: url.port,
          DATASOURCE_DB_DATABASE: url.pathname.slice(1),
          DATASOURCE_DB_USERNAME: decodeURIComponent(url.username),
          DATASOURCE_DB_PASSWORD: decodeURIComponent(url.password),
          DATASOURCE_DB_SCHEMA: 'omop',
        }
        expect(await growth(env, folder)).toBeLessThan(MAX_GROWTH)
      },
      TIMEOUT_MS,
    )
  })
})
