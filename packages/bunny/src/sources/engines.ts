import { readLibpqParameters, type LibpqParameters } from '@warren/database'
import type { SqlDialect } from '@warren/cohort'
import {
  integerSetting,
  ProgramError,
  setting,
  textSetting,
  type ConfigProblem,
} from '@warren/runtime'
import { z } from 'zod'

import type { CdmSource } from './cdm-source.ts'
import type { DuckDbSourceOptions } from './duckdb-source.ts'
import type { PostgresSourceOptions } from './postgres-source.ts'

/** What every engine takes, whatever its own settings are. */
export interface SourceLimits {
  readonly schema: string
  /** Each task cancels its statement at its own deadline. This is the fallback. */
  readonly statementTimeoutMs: number
  /** How many statements may run at the same time. */
  readonly concurrency: number
  /** The time zone in which columns with a zone are read. */
  readonly timeZone: string
}

/** `{"sslmode":"require"}`: connection parameters by their libpq names. A value is a string or a list of strings. */
const connectionQuery = () =>
  z.string().transform((text, context): LibpqParameters => {
    const shape = z.record(z.string(), z.union([z.string(), z.array(z.string())]))
    try {
      const parsed = shape.safeParse(JSON.parse(text))
      if (parsed.success) return parsed.data
    } catch {
      // Reported below.
    }
    context.addIssue({
      code: 'custom',
      message: 'expected a JSON object of strings such as {"sslmode":"require"}',
    })
    return z.NEVER
  })

/** The settings of all engines, by the variables of the Python bunny. */
export const engineSettings = {
  dbUsername: setting({
    name: 'DATASOURCE_DB_USERNAME',
    schema: textSetting(),
    default: 'trino-user',
    description: 'Database user that can read the CDM tables.',
  }),
  dbPassword: setting({
    name: 'DATASOURCE_DB_PASSWORD',
    schema: textSetting().optional(),
    secret: true,
    description: 'Password of the database user.',
  }),
  dbHost: setting({
    name: 'DATASOURCE_DB_HOST',
    schema: textSetting().optional(),
    description: 'Host of the database server. Required for postgresql.',
  }),
  dbPort: setting({
    name: 'DATASOURCE_DB_PORT',
    schema: integerSetting(1, 65_535).optional(),
    description: 'Port of the database server. Required for postgresql.',
  }),
  dbDatabase: setting({
    name: 'DATASOURCE_DB_DATABASE',
    schema: textSetting().optional(),
    description: 'Name of the database. Required for postgresql.',
  }),
  dbConnectionQuery: setting({
    name: 'DATASOURCE_DB_CONNECTION_QUERY',
    schema: connectionQuery().optional(),
    description:
      'Further connection parameters as a JSON object, for example {"sslmode":"verify-full"}.',
  }),
  duckdbPath: setting({
    name: 'DATASOURCE_DUCKDB_PATH_TO_DB',
    schema: textSetting(),
    default: '/data/file.db',
    description: 'Path of the DuckDB file. It is opened read-only.',
  }),
  duckdbMemoryLimit: setting({
    name: 'DATASOURCE_DUCKDB_MEMORY_LIMIT',
    schema: textSetting(),
    default: '1000mb',
    description: 'Memory that DuckDB may use.',
  }),
  duckdbTempDirectory: setting({
    name: 'DATASOURCE_DUCKDB_TEMP_DIRECTORY',
    schema: textSetting(),
    default: '/tmp',
    description: 'Folder for data of DuckDB that does not fit into memory.',
  }),
}

/** The values of `engineSettings`. While a configuration is checked, any of them may be missing. */
export interface EngineValues {
  readonly dbUsername: string
  readonly dbPassword?: string | undefined
  readonly dbHost?: string | undefined
  readonly dbPort?: number | undefined
  readonly dbDatabase?: string | undefined
  readonly dbSchema?: string | undefined
  readonly dbConnectionQuery?: LibpqParameters | undefined
  readonly duckdbPath: string
  readonly duckdbMemoryLimit: string
  readonly duckdbTempDirectory: string
}

interface Engine<Options> {
  readonly dialect: SqlDialect
  /** What to check if the database is not available. */
  readonly hint: string
  /** What is wrong with the settings of this engine. */
  problems(values: Partial<EngineValues>): ConfigProblem[]
  options(values: EngineValues, limits: SourceLimits): Options
  /** Loads the driver, which has as much memory as the rest of the bunny. */
  open(options: Options): Promise<CdmSource>
  /** A name of the database without user and password, for the log and for the key of the cache. */
  label(values: EngineValues): string
}

const postgresql: Engine<PostgresSourceOptions> = {
  dialect: 'postgres',
  hint: 'Check DATASOURCE_DB_HOST, DATASOURCE_DB_PORT, DATASOURCE_DB_DATABASE, DATASOURCE_DB_USERNAME and DATASOURCE_DB_PASSWORD, and that the network allows the connection.',
  problems: postgresProblems,
  options: (values, { concurrency, ...limits }) => ({
    ...limits,
    ...readLibpqParameters({
      host: values.dbHost ?? '',
      port: String(values.dbPort ?? 5432),
      dbname: values.dbDatabase ?? '',
      user: values.dbUsername,
      password: values.dbPassword ?? '',
      ...values.dbConnectionQuery,
    }),
    poolSize: concurrency,
  }),
  open: async (options) => (await import('./postgres-source.ts')).PostgresSource.open(options),
  label: ({ dbHost, dbPort, dbDatabase, dbSchema }) => {
    const schema = dbSchema === undefined ? '' : `#${dbSchema}`
    return `postgresql://${dbHost ?? ''}:${String(dbPort ?? 5432)}/${dbDatabase ?? ''}${schema}`
  },
}

const duckdb: Engine<DuckDbSourceOptions> = {
  dialect: 'duckdb',
  hint: 'Check DATASOURCE_DUCKDB_PATH_TO_DB.',
  problems: () => [],
  options: (values, { concurrency, ...limits }) => ({
    ...limits,
    path: values.duckdbPath,
    memoryLimit: values.duckdbMemoryLimit,
    tempDirectory: values.duckdbTempDirectory,
    poolSize: concurrency,
  }),
  open: async (options) => (await import('./isolated-duckdb.ts')).IsolatedDuckDb.open(options),
  label: ({ duckdbPath }) => `duckdb:${duckdbPath}`,
}

/** The databases that a bunny reads, by the values of `DATASOURCE_DB_DRIVERNAME`. */
export const ENGINES = { postgresql, duckdb }

export type Driver = keyof typeof ENGINES

export const DRIVERS: readonly Driver[] = Object.keys(ENGINES).filter(isDriver)

type OptionsOf<D extends Driver> =
  (typeof ENGINES)[D] extends Engine<infer Options> ? Options : never

/** The database to open. */
export type SourceConfig = { [D in Driver]: { readonly driver: D } & OptionsOf<D> }[Driver]

/** Whether Warren reads the database that `DATASOURCE_DB_DRIVERNAME` names. */
export function isDriver(name: string | undefined): name is Driver {
  return name !== undefined && Object.hasOwn(ENGINES, name)
}

/** The database that the settings describe. */
export function configureSource(
  driver: Driver,
  values: EngineValues,
  limits: SourceLimits,
): SourceConfig {
  switch (driver) {
    case 'postgresql':
      return { driver, ...postgresql.options(values, limits) }
    case 'duckdb':
      return { driver, ...duckdb.options(values, limits) }
    default:
      return driver satisfies never
  }
}

/** Opens the database and connects once. Throws `SourceError`, or `ProgramError` if the configuration is wrong. */
export function openSource(config: SourceConfig): Promise<CdmSource> {
  switch (config.driver) {
    case 'postgresql':
      return postgresql.open(config)
    case 'duckdb':
      return duckdb.open(config)
    default:
      return config satisfies never
  }
}

function postgresProblems(values: Partial<EngineValues>): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const required = [
    ['DATASOURCE_DB_HOST', values.dbHost],
    ['DATASOURCE_DB_PORT', values.dbPort],
    ['DATASOURCE_DB_DATABASE', values.dbDatabase],
  ] as const
  for (const [name, value] of required) {
    if (value !== undefined) continue
    problems.push({
      name,
      message: 'not set, but required for postgresql',
      hint: `Set ${name}, or set DATASOURCE_DB_DRIVERNAME=duckdb for a DuckDB file.`,
    })
  }
  return [...problems, ...connectionQueryProblems(values.dbConnectionQuery ?? {})]
}

function connectionQueryProblems(parameters: LibpqParameters): ConfigProblem[] {
  try {
    readLibpqParameters(parameters)
    return []
  } catch (error: unknown) {
    if (!(error instanceof ProgramError)) throw error
    const { message, hint } = error
    const problem = { name: 'DATASOURCE_DB_CONNECTION_QUERY', message }
    return [hint === undefined ? problem : { ...problem, hint }]
  }
}
