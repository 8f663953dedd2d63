import {
  booleanSetting,
  nearestName,
  setting,
  textSetting,
  type ConfigProblem,
} from '@warren/runtime'
import { z } from 'zod'

import { DRIVERS, ENGINES, engineSettings, isDriver, type EngineValues } from './sources/engines.ts'

/** With those that only the Python bunny supports, which are rejected with a reason. */
const KNOWN_DRIVERS = [...DRIVERS, 'mssql', 'snowflake-connector-python'] as const

/** Engines that sites ask for, by the names that SQLAlchemy or their vendors use. */
const OTHER_ENGINES: Readonly<Record<string, string>> = {
  mysql: 'MySQL',
  mariadb: 'MariaDB',
  oracle: 'Oracle',
  sqlite: 'SQLite',
  bigquery: 'BigQuery',
  redshift: 'Redshift',
  snowflake: 'Snowflake',
  trino: 'Trino',
  databricks: 'Databricks',
  spark: 'Spark',
  hive: 'Hive',
  impala: 'Impala',
  synapse: 'Azure Synapse',
  sqlserver: 'SQL Server',
  db2: 'Db2',
  netezza: 'Netezza',
  clickhouse: 'ClickHouse',
}

/** Names a supported engine that is meant, and an engine that is not supported as such. */
function driverSetting() {
  return z.string().transform((text, context): (typeof KNOWN_DRIVERS)[number] => {
    const word = text.trim().toLowerCase()
    const chosen = KNOWN_DRIVERS.find((driver) => driver === word)
    if (chosen !== undefined) return chosen
    // SQLAlchemy writes the engine and its driver: postgresql+psycopg2.
    const engine = word.split('+')[0] ?? ''
    const isPostgres = /^(postgres(ql)?|pg|psql|pgsql)$/.test(engine)
    const other = OTHER_ENGINES[engine]
    const nearest = isPostgres ? 'postgresql' : nearestName(word, DRIVERS)
    const guess = nearest === undefined ? '' : ` (did you mean ${nearest}?)`
    const message =
      other === undefined || isPostgres
        ? `expected postgresql or duckdb${guess}`
        : `${other} is not supported: expected postgresql or duckdb`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

/** The OMOP database: the variables of the Python bunny, for the engines that Warren supports. */
export const datasourceSettings = {
  driver: setting({
    name: 'DATASOURCE_DB_DRIVERNAME',
    schema: driverSetting(),
    default: 'postgresql',
    description: 'Database engine: postgresql or duckdb.',
  }),
  ...engineSettings,
  dbSchema: setting({
    name: 'DATASOURCE_DB_SCHEMA',
    schema: textSetting().optional(),
    description: 'Schema of the CDM tables. Default: the search path of the database user.',
  }),
  // Variables of engines that only the Python bunny supports. They are accepted, so that a site with unused ones in its
  // configuration can migrate without removing them.
  useTrino: setting({
    name: 'DATASOURCE_USE_TRINO',
    schema: booleanSetting(),
    default: false,
    description: 'Not supported: must be false.',
  }),
  useSnowflake: setting({
    name: 'DATASOURCE_USE_SNOWFLAKE',
    schema: booleanSetting(),
    default: false,
    description: 'Not supported: must be false.',
  }),
  useAzureIdentity: setting({
    name: 'DATASOURCE_USE_AZURE_MANAGED_IDENTITY',
    schema: booleanSetting(),
    default: false,
    description: 'Not supported: must be false.',
  }),
  dbCatalog: unused('DATASOURCE_DB_CATALOG', 'Trino'),
  azureClientId: unused('DATASOURCE_AZURE_MANAGED_IDENTITY_CLIENT_ID', 'Azure'),
  dbAccount: unused('DATASOURCE_DB_ACCOUNT', 'Snowflake'),
  snowflakeWarehouse: unused('DATASOURCE_DB_SNOWFLAKE_WAREHOUSE', 'Snowflake'),
  snowflakeRole: unused('DATASOURCE_DB_SNOWFLAKE_ROLE', 'Snowflake'),
  privateKeyPath: unused('DATASOURCE_PRIVATE_KEY_PATH', 'Snowflake'),
  privateKeyPassphrase: setting({
    name: 'DATASOURCE_PRIVATE_KEY_PASSPHRASE',
    schema: textSetting().optional(),
    secret: true,
    description: 'Used by Snowflake only. Warren ignores it.',
  }),
}

function unused(name: string, engine: string) {
  return setting({
    name,
    schema: textSetting().optional(),
    description: `Used by ${engine} only. Warren ignores it.`,
  })
}

interface DatasourceValues extends Partial<EngineValues> {
  driver?: (typeof KNOWN_DRIVERS)[number]
  useTrino?: boolean
  useSnowflake?: boolean
  useAzureIdentity?: boolean
}

const SUPPORTED = 'Use PostgreSQL or DuckDB, or keep the Python bunny for this database.'

export function datasourceProblems(values: DatasourceValues): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const reject = (name: string, engine: string) =>
    problems.push({ name, message: `${engine} is not supported`, hint: SUPPORTED })
  if (values.useTrino === true) reject('DATASOURCE_USE_TRINO', 'Trino')
  if (values.useSnowflake === true) reject('DATASOURCE_USE_SNOWFLAKE', 'Snowflake')
  if (values.useAzureIdentity === true) {
    reject('DATASOURCE_USE_AZURE_MANAGED_IDENTITY', 'Azure managed identity')
  }
  if (values.driver === 'mssql') reject('DATASOURCE_DB_DRIVERNAME', 'SQL Server (mssql)')
  if (values.driver === 'snowflake-connector-python') {
    reject('DATASOURCE_DB_DRIVERNAME', 'Snowflake')
  }
  // An unsupported engine is one problem; its missing host and port are not reported as well.
  return problems.length > 0 || !isDriver(values.driver)
    ? problems
    : ENGINES[values.driver].problems(values)
}
