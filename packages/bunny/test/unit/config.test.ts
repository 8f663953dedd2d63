import { ConfigError } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { loadBunnyConfig, loadRunConfig } from '../../src/config.ts'
import { databaseLabel, sourceConfig } from '../../src/source-config.ts'

const RELAY = {
  TASK_API_BASE_URL: 'https://relay.example.org/link_connector_api',
  TASK_API_USERNAME: 'site-a',
  TASK_API_PASSWORD: 'correct horse',
  COLLECTION_ID: 'c0ffee',
}
const POSTGRES = {
  DATASOURCE_DB_HOST: 'db',
  DATASOURCE_DB_PORT: '5432',
  DATASOURCE_DB_DATABASE: 'omop',
  DATASOURCE_DB_SCHEMA: 'cdm',
}
const COMPLETE = { ...RELAY, ...POSTGRES }

function findProblems(load: () => unknown): Record<string, string> {
  try {
    load()
  } catch (error: unknown) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.exitCode).toBe(78)
    return Object.fromEntries(error.problems.map(({ name, message }) => [name, message]))
  }
  return {}
}

const at = (url: string, more = {}) =>
  findProblems(() => loadBunnyConfig({ ...COMPLETE, TASK_API_BASE_URL: url, ...more }))

describe('configuration of the daemon', () => {
  it('has the defaults of the Python bunny', () => {
    expect(loadBunnyConfig(COMPLETE)).toMatchObject({
      pollingIntervalMs: 5000,
      initialBackoffMs: 5000,
      maxBackoffMs: 60_000,
      threshold: 10,
      nearest: 10,
      specimenEnabled: false,
      locationEnabled: false,
      enforceHttps: true,
      taskApiType: undefined,
      logLevel: 'info',
      driver: 'postgresql',
      duckdbPath: '/data/file.db',
      duckdbMemoryLimit: '1000mb',
      duckdbTempDirectory: '/tmp',
      cacheEnabled: false,
      cacheDir: '/app/cache',
      cacheTtlHours: 24,
      cacheRefreshOnStartup: true,
    })
  })

  it('treats a blank variable as unset', () => {
    const config = loadBunnyConfig({
      ...COMPLETE,
      LOW_NUMBER_SUPPRESSION_THRESHOLD: '',
      TASK_API_TYPE: ' ',
      DATASOURCE_DB_SCHEMA: '',
    })
    expect(config).toMatchObject({ threshold: 10, taskApiType: undefined, dbSchema: undefined })
  })

  it('reports all missing variables', () => {
    expect(Object.keys(findProblems(() => loadBunnyConfig({})))).toEqual([
      'TASK_API_BASE_URL',
      'TASK_API_USERNAME',
      'TASK_API_PASSWORD',
      'COLLECTION_ID',
      'DATASOURCE_DB_HOST',
      'DATASOURCE_DB_PORT',
      'DATASOURCE_DB_DATABASE',
    ])
  })

  it('requires no database server for a DuckDB file', () => {
    const config = loadBunnyConfig({
      ...RELAY,
      DATASOURCE_DB_DRIVERNAME: 'duckdb',
      DATASOURCE_DUCKDB_PATH_TO_DB: '/data/omop.duckdb',
      SOLVE_CONCURRENCY: '8',
    })
    expect(sourceConfig(config, 9)).toMatchObject({
      driver: 'duckdb',
      path: '/data/omop.duckdb',
      memoryLimit: '1000mb',
      poolSize: 9,
    })
  })

  it('passes connection parameters to the server', () => {
    const config = loadBunnyConfig({
      ...COMPLETE,
      DATASOURCE_DB_CONNECTION_QUERY: '{"sslmode":"verify-full"}',
    })
    expect(sourceConfig(config, 3)).toMatchObject({
      driver: 'postgresql',
      schema: 'cdm',
      poolSize: 3,
      hosts: [{ host: 'db', port: 5432 }],
      tls: { mode: 'verify-full' },
    })
    expect(databaseLabel(config)).toBe('postgresql://db:5432/omop#cdm')
  })

  it.each([
    ['DATASOURCE_DB_CONNECTION_QUERY', '[1]'],
    ['DATASOURCE_DB_CONNECTION_QUERY', '{"slmode":"require"}'],
    ['DATASOURCE_DB_CONNECTION_QUERY', 'sslmode=require'],
    ['POLLING_INTERVAL', '0'],
    ['POLLING_INTERVAL', '-1'],
    ['ROUNDING_TARGET', '5.5'],
    ['TASK_API_TYPE', 'c'],
    ['BUNNY_LOGGER_LEVEL', 'FLOPPSY'],
    ['OMOP_SPECIMEN_ENABLED', 'maybe'],
    ['SOLVE_CONCURRENCY', '0'],
    ['OTEL_ENABLED', 'true'],
  ])('rejects %s=%s', (name, value) => {
    expect(
      Object.keys(findProblems(() => loadBunnyConfig({ ...COMPLETE, [name]: value }))),
    ).toEqual([name])
  })

  it.each([
    ['DATASOURCE_USE_TRINO', 'true', 'Trino'],
    ['DATASOURCE_USE_SNOWFLAKE', 'true', 'Snowflake'],
    ['DATASOURCE_USE_AZURE_MANAGED_IDENTITY', 'true', 'Azure'],
    ['DATASOURCE_DB_DRIVERNAME', 'mysql', 'MySQL'],
    ['DATASOURCE_DB_DRIVERNAME', 'mysql+pymysql', 'MySQL'],
    ['DATASOURCE_DB_DRIVERNAME', 'oracle', 'Oracle'],
    ['DATASOURCE_DB_DRIVERNAME', 'bigquery', 'BigQuery'],
    ['DATASOURCE_DB_DRIVERNAME', 'mssql', 'SQL Server'],
    ['DATASOURCE_DB_DRIVERNAME', 'snowflake-connector-python', 'Snowflake'],
  ])('reports that %s=%s is not supported, and no other problem', (name, value, engine) => {
    const problems = findProblems(() => loadBunnyConfig({ ...RELAY, [name]: value }))
    expect(Object.keys(problems)).toEqual([name])
    expect(problems[name]).toContain(engine)
    expect(problems[name]).toContain('is not supported')
  })

  it('accepts variables of other engines that are not enabled', () => {
    expect(() =>
      loadBunnyConfig({
        ...COMPLETE,
        DATASOURCE_USE_TRINO: 'false',
        DATASOURCE_DB_CATALOG: 'hutch',
        DATASOURCE_DB_ACCOUNT: 'x',
        DATASOURCE_PRIVATE_KEY_PASSPHRASE: 'password',
      }),
    ).not.toThrow()
  })

  it('reports a mistyped variable and suggests the right one', () => {
    expect(() => loadBunnyConfig({ ...COMPLETE, OMOP_SPECIMENS_ENABLED: 'true' })).toThrow(
      /OMOP_SPECIMENS_ENABLED.*\n.*Did you mean OMOP_SPECIMEN_ENABLED/,
    )
  })

  it('requires https, in upper or lower case', () => {
    expect(at('HTTPS://relay.example.org')).toEqual({})
    expect(at('http://relay.example.org')).toEqual({
      TASK_API_BASE_URL: 'HTTPS is required for the task API but not used',
    })
    expect(at('http://relay.example.org', { TASK_API_ENFORCE_HTTPS: 'false' })).toEqual({})
    expect(at('httpsx://relay.example.org')).toHaveProperty('TASK_API_BASE_URL')
    expect(at('https://user:pass@relay.example.org')).toEqual({
      TASK_API_BASE_URL: 'the Task API base URL must not contain a user name or password',
    })
  })

  it('rejects a MAX_BACKOFF below INITIAL_BACKOFF', () => {
    const env = { ...COMPLETE, INITIAL_BACKOFF: '10', MAX_BACKOFF: '5' }
    expect(findProblems(() => loadBunnyConfig(env))).toHaveProperty('MAX_BACKOFF')
  })

  it('prints no secret in its problems', () => {
    expect(() => loadBunnyConfig({ ...COMPLETE, POLLING_INTERVAL: 'often' })).not.toThrow(
      /correct horse|c0ffee/,
    )
  })
})

describe('configuration of bunny run', () => {
  it('requires a database, but no relay', () => {
    expect(loadRunConfig(POSTGRES)).toMatchObject({ dbHost: 'db', collectionId: undefined })
  })

  it('ignores variables of the daemon', () => {
    expect(() => loadRunConfig({ ...COMPLETE, POLL_WAIT_SECONDS: 'x' })).not.toThrow()
  })
})
