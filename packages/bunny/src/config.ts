import {
  booleanSetting,
  choiceSetting,
  defineConfig,
  durationSetting,
  integerSetting,
  loadConfig,
  logLevelSetting,
  numberSetting,
  setting,
  textSetting,
  urlSetting,
  type ConfigProblem,
} from '@warren/runtime'
import { taskApiBase } from '@warren/task-api'
import { datasourceProblems, datasourceSettings } from './datasource-config.ts'
import { errorText } from './error-text.ts'

/** What every command that reads the database needs. */
const commonSettings = {
  ...datasourceSettings,
  specimenEnabled: setting({
    name: 'OMOP_SPECIMEN_ENABLED',
    schema: booleanSetting(),
    default: false,
    description: 'Lets questions and distributions reach the table specimen.',
  }),
  locationEnabled: setting({
    name: 'OMOP_LOCATION_ENABLED',
    schema: booleanSetting(),
    default: false,
    description:
      'Lets questions ask who lives near a place; needs latitude and longitude in the table location (CDM 5.4).',
  }),
  logLevel: setting({
    name: 'BUNNY_LOGGER_LEVEL',
    schema: logLevelSetting(),
    default: 'info',
    description: 'How much is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL.',
  }),
  logFormat: setting({
    name: 'LOG_FORMAT',
    schema: choiceSetting(['json', 'text']),
    default: 'json',
    description: 'json, or text: the lines of the Python client, for log pipelines built for it.',
  }),
}

const timeLimits = {
  availabilityTimeoutMs: setting({
    name: 'BUNNY_AVAILABILITY_TIMEOUT',
    schema: durationSetting({ unit: 's', minMs: 1000, maxMs: 86_400_000 }),
    default: 240_000,
    unit: 's',
    description:
      'How long an availability question may take from its arrival; its query is cancelled then. Upstream waits 4 to 5 minutes.',
  }),
  distributionTimeoutMs: setting({
    name: 'BUNNY_DISTRIBUTION_TIMEOUT',
    schema: durationSetting({ unit: 's', minMs: 1000, maxMs: 86_400_000 }),
    default: 6_480_000,
    unit: 's',
    description:
      'How long a distribution may take from its arrival; its queries are cancelled then. Upstream waits about 2 hours.',
  }),
}

const relaySettings = {
  taskApiBaseUrl: setting({
    name: 'TASK_API_BASE_URL',
    schema: urlSetting(['https', 'http']),
    description:
      'Where the relay is, e.g. https://relay.example.org/link_connector_api (that path is assumed where there is none).',
  }),
  taskApiUsername: setting({
    name: 'TASK_API_USERNAME',
    schema: textSetting(),
    description: 'Name of this client at the relay.',
  }),
  taskApiPassword: setting({
    name: 'TASK_API_PASSWORD',
    schema: textSetting(),
    secret: true,
    description: 'Password of this client at the relay.',
  }),
  collectionId: setting({
    name: 'COLLECTION_ID',
    schema: textSetting(),
    secret: true,
    description: 'Identifies the collection of this site at the relay. Never logged.',
  }),
  taskApiType: setting({
    name: 'TASK_API_TYPE',
    schema: choiceSetting(['a', 'b']).optional(),
    description:
      'a: availability tasks only, b: distributions only. Unset: whatever the relay has, which is what a Warren relay wants.',
  }),
  enforceHttps: setting({
    name: 'TASK_API_ENFORCE_HTTPS',
    schema: booleanSetting(),
    default: true,
    description:
      'Refuses to start without https. Set to false only where the way to the relay is protected otherwise.',
  }),
  requestTimeoutMs: setting({
    name: 'TASK_API_TIMEOUT',
    schema: durationSetting({ unit: 's', minMs: 1000, maxMs: 600_000 }),
    default: 60_000,
    unit: 's',
    description:
      'How long the relay may take for an answer, on top of what POLL_WAIT_SECONDS asks it to wait.',
  }),
}

const pollSettings = {
  pollingIntervalMs: setting({
    name: 'POLLING_INTERVAL',
    schema: durationSetting({ unit: 's', minMs: 1000, maxMs: 3_600_000 }),
    default: 5000,
    unit: 's',
    description: 'Pause after an empty poll, where the relay does not hold polls.',
  }),
  pollWaitSeconds: setting({
    name: 'POLL_WAIT_SECONDS',
    schema: integerSetting(0, 300),
    default: 25,
    unit: 's',
    description:
      'How long the relay is asked to hold an empty poll (Prefer: wait), so that tasks arrive at once. 0: never asked.',
  }),
  initialBackoffMs: setting({
    name: 'INITIAL_BACKOFF',
    schema: durationSetting({ unit: 's', minMs: 100, maxMs: 3_600_000 }),
    default: 5000,
    unit: 's',
    description: 'Pause after the first failed request; it doubles with every further one.',
  }),
  maxBackoffMs: setting({
    name: 'MAX_BACKOFF',
    schema: durationSetting({ unit: 's', minMs: 100, maxMs: 3_600_000 }),
    default: 60_000,
    unit: 's',
    description:
      'Longest pause between failed requests, unless the relay asks for more (Retry-After).',
  }),
  workerId: setting({
    name: 'BUNNY_WORKER_ID',
    schema: textSetting().optional(),
    description:
      'Sent as X-Worker-Id, so that the relay sees when two processes poll one collection. Unset: a new one at every start.',
  }),
}

const solveSettings = {
  threshold: setting({
    name: 'LOW_NUMBER_SUPPRESSION_THRESHOLD',
    schema: integerSetting(),
    default: 10,
    unit: 'persons',
    description: 'Counts below this leave as 0. 0 or less: none are hidden.',
  }),
  nearest: setting({
    name: 'ROUNDING_TARGET',
    schema: integerSetting(),
    default: 10,
    unit: 'persons',
    description: 'Counts are rounded to a multiple of this. 0 or less: not rounded.',
  }),
  concurrency: setting({
    name: 'SOLVE_CONCURRENCY',
    schema: integerSetting(1, 64),
    default: 2,
    description: 'Availability questions answered at once. One distribution may run beside them.',
  }),
  backlog: setting({
    name: 'SOLVE_BACKLOG',
    schema: integerSetting(0, 1000),
    default: 16,
    description: 'Tasks of each kind that may wait for their turn here before polling pauses.',
  }),
  ...timeLimits,
  cacheEnabled: setting({
    name: 'CACHE_ENABLED',
    schema: booleanSetting(),
    default: false,
    description: 'Answers distributions from results computed earlier, as they were published.',
  }),
  cacheDir: setting({
    name: 'CACHE_DIR',
    schema: textSetting(),
    default: '/app/cache',
    description: 'Folder of the distribution cache.',
  }),
  cacheTtlHours: setting({
    name: 'CACHE_TTL_HOURS',
    schema: numberSetting(0),
    default: 24,
    unit: 'h',
    description: 'How long a cached distribution is used. 0: for ever.',
  }),
  cacheRefreshOnStartup: setting({
    name: 'CACHE_REFRESH_ON_STARTUP',
    schema: booleanSetting(),
    default: true,
    description:
      'Computes distributions the cache does not hold when the program starts, beside polling.',
  }),
}

const databaseWait = {
  databaseWaitMs: setting({
    name: 'BUNNY_DATABASE_WAIT',
    schema: durationSetting({ unit: 's', maxMs: 3_600_000 }),
    default: 30_000,
    unit: 's',
    description: 'How long a start waits for a database that is not up yet.',
  }),
}

const outboxSettings = {
  outboxDir: setting({
    name: 'BUNNY_OUTBOX_DIR',
    schema: textSetting().optional(),
    description:
      'Folder that keeps results until they are delivered, so that none is lost when the process dies. One bunny, one folder. Unset: memory only.',
  }),
  outboxMaxMegabytes: setting({
    name: 'BUNNY_OUTBOX_MAX_MB',
    schema: integerSetting(1, 1_000_000),
    default: 256,
    unit: 'MB',
    description: 'What the outbox folder may hold.',
  }),
  resultRetryMs: setting({
    name: 'BUNNY_RESULT_RETRY_FOR',
    schema: durationSetting({ unit: 's', minMs: 1000, maxMs: 7 * 86_400_000 }),
    default: 7_200_000,
    unit: 's',
    description: 'How long delivering a result is tried before it is given up and logged as lost.',
  }),
  shutdownTimeoutMs: setting({
    name: 'BUNNY_SHUTDOWN_TIMEOUT',
    schema: durationSetting({ unit: 's', minMs: 0, maxMs: 3_600_000 }),
    default: 20_000,
    unit: 's',
    description:
      'How long tasks in work may go on after a stop signal; posting their results may take 5 s more.',
  }),
  otelEnabled: setting({
    name: 'OTEL_ENABLED',
    schema: booleanSetting(),
    default: false,
    description:
      'Not supported: must be false. Logs are JSON on stderr; let a collector take them from there.',
  }),
}

const prefixes = ['BUNNY_', 'TASK_API_', 'DATASOURCE_', 'OMOP_', 'CACHE_']

/** The daemon's configuration: the names and defaults of the Python client, and some of our own. */
export const bunnyConfig = defineConfig({
  program: 'bunny',
  prefixes,
  settings: {
    ...relaySettings,
    ...pollSettings,
    ...solveSettings,
    ...outboxSettings,
    ...databaseWait,
    ...commonSettings,
  },
  check: (values) => [
    ...datasourceProblems(values),
    ...addressProblems(values),
    ...backoffProblems(values),
    ...(values.otelEnabled === true
      ? [{ name: 'OTEL_ENABLED', message: 'telemetry export is not supported', hint: 'Unset it.' }]
      : []),
  ],
})

/** What answering a question by hand needs: no relay, and no collection unless one is to stand in `metadata.bcos`. */
export const runConfig = defineConfig({
  program: 'bunny run',
  prefixes: ['DATASOURCE_', 'OMOP_'],
  settings: {
    collectionId: setting({
      name: 'COLLECTION_ID',
      schema: textSetting().optional(),
      secret: true,
      description: "Stands in metadata.bcos; the task's own collection where unset.",
    }),
    ...timeLimits,
    ...commonSettings,
  },
  check: datasourceProblems,
})

export type BunnyConfig = ReturnType<typeof loadBunnyConfig>
export type RunConfig = ReturnType<typeof loadRunConfig>

/** Throws `ConfigError` (exit code 78) with every problem at once. `.env` files are not read. */
export const loadBunnyConfig = (env: NodeJS.ProcessEnv) => loadConfig(bunnyConfig, env)

export const loadRunConfig = (env: NodeJS.ProcessEnv) => loadConfig(runConfig, env)

function addressProblems(values: {
  taskApiBaseUrl?: string
  enforceHttps?: boolean
}): ConfigProblem[] {
  const { taskApiBaseUrl, enforceHttps } = values
  if (taskApiBaseUrl === undefined) return []
  const name = 'TASK_API_BASE_URL'
  try {
    taskApiBase(taskApiBaseUrl)
  } catch (error: unknown) {
    return [{ name, message: errorText(error) }]
  }
  if (enforceHttps !== true || usesHttps(taskApiBaseUrl)) return []
  return [
    {
      name,
      message: 'HTTPS is required for the task API but not used',
      hint: 'Set TASK_API_ENFORCE_HTTPS to false only where the way to the relay is protected otherwise.',
    },
  ]
}

export const usesHttps = (url: string): boolean => URL.parse(url)?.protocol === 'https:'

function backoffProblems(values: {
  initialBackoffMs?: number
  maxBackoffMs?: number
}): ConfigProblem[] {
  const { initialBackoffMs = 0, maxBackoffMs = Infinity } = values
  if (initialBackoffMs <= maxBackoffMs) return []
  return [{ name: 'MAX_BACKOFF', message: 'must not be shorter than INITIAL_BACKOFF' }]
}
