import {
  booleanSetting,
  choiceSetting,
  integerSetting,
  setting,
  textSetting,
  type ConfigProblem,
} from '@warren/runtime'
import { z } from 'zod'

const DRIVERS = ['postgresql', 'duckdb', 'mssql', 'snowflake-connector-python'] as const

/** `{"sslmode":"require"}`: parameters of the connection by their libpq names, values text or lists of text. */
const connectionQuery = () =>
  z.string().transform((text, context): Record<string, string | readonly string[]> => {
    const shape = z.record(z.string(), z.union([z.string(), z.array(z.string())]))
    try {
      const parsed = shape.safeParse(JSON.parse(text))
      if (parsed.success) return parsed.data
    } catch {
      // Said below.
    }
    context.addIssue({ code: 'custom', message: 'expected a JSON object of texts' })
    return z.NEVER
  })

/** Where the OMOP database is: the variables of the Python client, for the engines we have. */
export const datasourceSettings = {
  driver: setting({
    name: 'DATASOURCE_DB_DRIVERNAME',
    schema: choiceSetting(DRIVERS),
    default: 'postgresql',
    description: 'postgresql or duckdb.',
  }),
  dbUsername: setting({
    name: 'DATASOURCE_DB_USERNAME',
    schema: textSetting(),
    default: 'trino-user',
    description: 'Account that may read the CDM tables.',
  }),
  dbPassword: setting({
    name: 'DATASOURCE_DB_PASSWORD',
    schema: textSetting().optional(),
    secret: true,
    description: 'Its password.',
  }),
  dbHost: setting({
    name: 'DATASOURCE_DB_HOST',
    schema: textSetting().optional(),
    description: 'Host of the database server. Required for postgresql.',
  }),
  dbPort: setting({
    name: 'DATASOURCE_DB_PORT',
    schema: integerSetting(1, 65_535).optional(),
    description: 'Its port. Required for postgresql.',
  }),
  dbDatabase: setting({
    name: 'DATASOURCE_DB_DATABASE',
    schema: textSetting().optional(),
    description: 'Name of the database. Required for postgresql.',
  }),
  dbSchema: setting({
    name: 'DATASOURCE_DB_SCHEMA',
    schema: textSetting().optional(),
    description: "Schema of the CDM tables. Unset: wherever the account's search path finds them.",
  }),
  dbConnectionQuery: setting({
    name: 'DATASOURCE_DB_CONNECTION_QUERY',
    schema: connectionQuery().optional(),
    description: 'Further connection parameters as a JSON object, e.g. {"sslmode":"verify-full"}.',
  }),
  duckdbPath: setting({
    name: 'DATASOURCE_DUCKDB_PATH_TO_DB',
    schema: textSetting(),
    default: '/data/file.db',
    description: 'The DuckDB file; it is opened read only.',
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
    description: 'Where DuckDB puts what does not fit into memory.',
  }),
  // The rest belongs to engines of the Python client that we do not have. They are known, so that a site that changes
  // over and has them switched off need not clean up first.
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
    description: 'Of Snowflake; not used.',
  }),
}

function unused(name: string, engine: string) {
  return setting({
    name,
    schema: textSetting().optional(),
    description: `Of ${engine}; not used.`,
  })
}

interface DatasourceValues {
  driver?: (typeof DRIVERS)[number]
  dbHost?: string | undefined
  dbPort?: number | undefined
  dbDatabase?: string | undefined
  useTrino?: boolean
  useSnowflake?: boolean
  useAzureIdentity?: boolean
}

const SUPPORTED = 'PostgreSQL and DuckDB are; the Python client can go on serving this database.'

export function datasourceProblems(values: DatasourceValues): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const refuse = (name: string, engine: string) =>
    problems.push({ name, message: `${engine} is not supported`, hint: SUPPORTED })
  if (values.useTrino === true) refuse('DATASOURCE_USE_TRINO', 'Trino')
  if (values.useSnowflake === true) refuse('DATASOURCE_USE_SNOWFLAKE', 'Snowflake')
  if (values.useAzureIdentity === true) {
    refuse('DATASOURCE_USE_AZURE_MANAGED_IDENTITY', 'Azure managed identity')
  }
  if (values.driver === 'mssql') refuse('DATASOURCE_DB_DRIVERNAME', 'SQL Server (mssql)')
  if (values.driver === 'snowflake-connector-python') {
    refuse('DATASOURCE_DB_DRIVERNAME', 'Snowflake')
  }
  // One refused engine is enough said: its host and port are not asked for as well.
  if (problems.length > 0 || values.driver !== 'postgresql') return problems
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
      hint: 'For a DuckDB file set DATASOURCE_DB_DRIVERNAME=duckdb.',
    })
  }
  return problems
}
