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
import { policyProblem } from '@warren/disclosure'
import { z } from 'zod'
import { datasourceProblems, datasourceSettings } from './datasource-config.ts'
import { omopSettings } from './omop-config.ts'
import { recordSettings, stateDirSetting } from './record-config.ts'
import { firstRelaySettings, moreRelaySettings, relayProblems } from './relay-settings.ts'

/** Settings of every command that reads the OMOP database. */
const commonSettings = {
  ...datasourceSettings,
  ...omopSettings,
  logLevel: setting({
    name: 'BUNNY_LOGGER_LEVEL',
    schema: logLevelSetting(),
    default: 'info',
    description: 'Lowest level to log: DEBUG, INFO, WARNING, ERROR or CRITICAL.',
  }),
  logFormat: setting({
    name: 'LOG_FORMAT',
    schema: choiceSetting(['json', 'text']).optional(),
    description:
      'Log format: json, or text, which is the format of the Python bunny. Default: lines for people on a terminal, otherwise json.',
  }),
}

/** What may leave the site. The same for the daemon and for `bunny run`. */
const disclosureSettings = {
  threshold: setting({
    name: 'LOW_NUMBER_SUPPRESSION_THRESHOLD',
    schema: integerSetting(0),
    default: 10,
    unit: 'people',
    description:
      'Counts below this are suppressed (reported as 0). Must be a multiple of ROUNDING_TARGET. 0: none are suppressed.',
  }),
  nearest: setting({
    name: 'ROUNDING_TARGET',
    schema: integerSetting(0),
    default: 10,
    unit: 'people',
    description: 'Counts are rounded to a multiple of this. 0: counts are not rounded.',
  }),
  ages: setting({
    name: 'DEMOGRAPHICS_AGE_ENABLED',
    schema: booleanSetting(),
    default: false,
    description:
      'Add the row AGE to DEMOGRAPHICS: suppressed and rounded counts of five-year bands, and quartiles computed from them.',
  }),
  statistics: setting({
    name: 'NUMERIC_STATISTICS_ENABLED',
    schema: booleanSetting(),
    default: false,
    description:
      'Add statistics to the measurements and observations of GENERIC, for concepts with the values of at least 200 people. MIN and MAX are the 5th and 95th percentiles.',
  }),
}

const taskTimeouts = {
  availabilityTimeoutMs: setting({
    name: 'BUNNY_AVAILABILITY_TIMEOUT',
    schema: durationSetting({ unit: 's', minMs: 1000, maxMs: 86_400_000 }),
    default: 240_000,
    unit: 's',
    description:
      'How long an availability task may take after its arrival. Then its query is cancelled. Upstreams wait 4 to 5 minutes.',
  }),
  distributionTimeoutMs: setting({
    name: 'BUNNY_DISTRIBUTION_TIMEOUT',
    schema: durationSetting({ unit: 's', minMs: 1000, maxMs: 86_400_000 }),
    default: 6_480_000,
    unit: 's',
    description:
      'How long a distribution may take after its arrival. Then its queries are cancelled. Upstreams wait about 2 hours.',
  }),
}

const relaySettings = {
  taskApiBaseUrl: setting({
    name: 'TASK_API_BASE_URL',
    schema: urlSetting(['https', 'http']),
    description:
      'URL of the relay, for example https://relay.example.org. If it has no path, /link_connector_api is added.',
  }),
  taskApiUsername: setting({
    name: 'TASK_API_USERNAME',
    schema: textSetting(),
    description: 'User name of this bunny at the relay.',
  }),
  taskApiPassword: setting({
    name: 'TASK_API_PASSWORD',
    schema: textSetting(),
    secret: true,
    description: 'Password of this bunny at the relay.',
  }),
  collectionId: setting({
    name: 'COLLECTION_ID',
    schema: textSetting(),
    secret: true,
    identifier: true,
    description: 'Collection ID of this site at the relay. Never logged.',
  }),
  taskApiType: setting({
    name: 'TASK_API_TYPE',
    schema: choiceSetting(['a', 'b']).optional(),
    description:
      'Tasks to poll for. a: availability, b: distributions. Leave unset to receive both (recommended with a Warren relay).',
  }),
  enforceHttps: setting({
    name: 'TASK_API_ENFORCE_HTTPS',
    schema: booleanSetting(),
    default: true,
    description:
      'Require https in TASK_API_BASE_URL. Set to false only if the network path to the relay is protected in another way.',
  }),
  requestTimeoutMs: setting({
    name: 'TASK_API_TIMEOUT',
    schema: durationSetting({ unit: 's', minMs: 1000, maxMs: 600_000 }),
    default: 60_000,
    unit: 's',
    description: 'Timeout of a request to the relay. For a poll, POLL_WAIT_SECONDS is added.',
  }),
  ...firstRelaySettings,
  ...moreRelaySettings,
}

const pollSettings = {
  pollingIntervalMs: setting({
    name: 'POLLING_INTERVAL',
    schema: durationSetting({ unit: 's', minMs: 1000, maxMs: 3_600_000 }),
    default: 5000,
    unit: 's',
    description: 'Time from one empty poll to the next, if the relay does not hold polls.',
  }),
  pollWaitSeconds: setting({
    name: 'POLL_WAIT_SECONDS',
    schema: integerSetting(0, 300),
    default: 25,
    unit: 's',
    description:
      'How long the relay is asked to hold an empty poll (Prefer: wait), so that tasks arrive without delay. 0: polls are not held.',
  }),
  initialBackoffMs: setting({
    name: 'INITIAL_BACKOFF',
    schema: durationSetting({ unit: 's', minMs: 100, maxMs: 3_600_000 }),
    default: 5000,
    unit: 's',
    description: 'Pause after the first failed request. It doubles with each further failure.',
  }),
  maxBackoffMs: setting({
    name: 'MAX_BACKOFF',
    schema: durationSetting({ unit: 's', minMs: 100, maxMs: 3_600_000 }),
    default: 60_000,
    unit: 's',
    description:
      'Longest pause between failed requests, unless the relay asks for a longer one (Retry-After).',
  }),
  workerId: setting({
    name: 'BUNNY_WORKER_ID',
    schema: textSetting().optional(),
    description:
      'Sent as X-Worker-Id, so that the relay detects two processes that poll for one node. Default: a new random ID at each start.',
  }),
}

const solveSettings = {
  concurrency: setting({
    name: 'SOLVE_CONCURRENCY',
    schema: integerSetting(1, 64),
    default: 2,
    description:
      'Availability tasks solved at the same time. One distribution can run next to them.',
  }),
  backlog: setting({
    name: 'SOLVE_BACKLOG',
    schema: integerSetting(0, 1000),
    default: 16,
    description:
      'Tasks of each kind that may wait here. When that many are waiting, the bunny polls for the other kind only.',
  }),
  ...taskTimeouts,
  cacheEnabled: setting({
    name: 'CACHE_ENABLED',
    schema: booleanSetting(),
    default: false,
    description:
      'Reuse computed distributions. The cache holds suppressed and rounded counts only.',
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
    description: 'How long a cached distribution is used. 0: indefinitely.',
  }),
  cacheRefreshOnStartup: setting({
    name: 'CACHE_REFRESH_ON_STARTUP',
    schema: booleanSetting(),
    default: true,
    description: 'Compute distributions that are not in the cache at start, while polling.',
  }),
}

const databaseWait = {
  databaseWaitMs: setting({
    name: 'BUNNY_DATABASE_WAIT',
    schema: durationSetting({ unit: 's', maxMs: 3_600_000 }),
    default: 120_000,
    unit: 's',
    description:
      'How long a task waits for a database that is not available, within the deadline of the task. A serverless database needs about a minute to start.',
  }),
}

const healthSettings = {
  healthAddress: setting({
    name: 'BUNNY_HEALTH_ADDRESS',
    schema: listenAddress().optional(),
    description:
      'Where /livez, /readyz, /healthz and /metrics are served, for example 127.0.0.1:8081. A port alone means 127.0.0.1. Default: nowhere.',
    show: (address) => (address === undefined ? '' : `${address.host}:${String(address.port)}`),
  }),
  healthFile: setting({
    name: 'BUNNY_HEALTH_FILE',
    schema: textSetting().optional(),
    description:
      'File that is written every 10 s while the bunny is ready, and removed otherwise, for probes that run a command. Default: none.',
  }),
}

/** `8081`, `127.0.0.1:8081`, `[::1]:8081`. */
function listenAddress() {
  return z.string().transform((text, context): { host: string; port: number } => {
    const match = /^(?:\[?([\w.:-]+?)\]?:)?(\d{1,5})$/.exec(text.trim())
    const port = Number(match?.[2] ?? Number.NaN)
    if (port <= 65_535) return { host: match?.[1] ?? '127.0.0.1', port }
    context.addIssue({ code: 'custom', message: 'expected an address such as 127.0.0.1:8081' })
    return z.NEVER
  })
}

const stateSettings = {
  stateMode: setting({
    name: 'BUNNY_STATE',
    schema: choiceSetting(['auto', 'disk', 'memory']),
    default: 'auto',
    description:
      'Where tasks and results are kept until they are answered. auto: on disk if a folder can be used, otherwise in memory, with a warning. disk: on disk, or the start fails. memory: a crash loses them.',
  }),
  ...stateDirSetting,
  stateMaxMegabytes: setting({
    name: 'BUNNY_STATE_MAX_MB',
    aliases: ['BUNNY_OUTBOX_MAX_MB'],
    schema: integerSetting(1, 1_000_000),
    default: 256,
    unit: 'MB',
    description: 'Largest size of the file with tasks and results.',
  }),
  resultRetryMs: setting({
    name: 'BUNNY_RESULT_RETRY_FOR',
    schema: durationSetting({ unit: 's', minMs: 1000, maxMs: 7 * 86_400_000 }),
    default: 7_200_000,
    unit: 's',
    description:
      'How long submitting a result is retried. After that it is discarded and logged as lost.',
  }),
  shutdownTimeoutMs: setting({
    name: 'BUNNY_SHUTDOWN_TIMEOUT',
    schema: durationSetting({ unit: 's', minMs: 0, maxMs: 3_600_000 }),
    default: 20_000,
    unit: 's',
    description:
      'How long running tasks may continue after a stop signal. Submitting their results may take 5 s more. Tasks that are not done are continued at the next start.',
  }),
  otelEnabled: setting({
    name: 'OTEL_ENABLED',
    schema: booleanSetting(),
    default: false,
    description: 'Not supported: must be false. Collect the JSON log from standard error instead.',
  }),
}

const prefixes = ['BUNNY_', 'TASK_API_', 'DATASOURCE_', 'OMOP_', 'CACHE_']

/** The configuration of the daemon: the names and defaults of the Python bunny, and further variables of Warren. */
export const bunnyConfig = defineConfig({
  program: 'bunny',
  prefixes,
  settings: {
    ...relaySettings,
    ...pollSettings,
    ...disclosureSettings,
    ...solveSettings,
    ...stateSettings,
    ...healthSettings,
    ...recordSettings,
    ...databaseWait,
    ...commonSettings,
  },
  check: (values) => [
    ...datasourceProblems(values),
    ...relayProblems(values),
    ...backoffProblems(values),
    ...policyProblems(values),
    ...(values.otelEnabled === true
      ? [
          {
            name: 'OTEL_ENABLED',
            message: 'telemetry export is not supported',
            hint: 'Unset OTEL_ENABLED.',
          },
        ]
      : []),
  ],
})

/** The configuration of `bunny run`: no relay. The collection ID is needed for `metadata.bcos` only. */
export const runConfig = defineConfig({
  program: 'bunny run',
  prefixes: ['DATASOURCE_', 'OMOP_'],
  settings: {
    collectionId: setting({
      name: 'COLLECTION_ID',
      schema: textSetting().optional(),
      secret: true,
      identifier: true,
      description: 'Collection ID in metadata.bcos. Default: the collection of the task.',
    }),
    ...disclosureSettings,
    policyFile: recordSettings.policyFile,
    ...taskTimeouts,
    ...commonSettings,
  },
  check: (values) => [...datasourceProblems(values), ...policyProblems(values)],
})

/** The configuration of `bunny explain` without a database. */
const explainConfig = defineConfig({
  program: 'bunny explain',
  prefixes: ['OMOP_'],
  settings: { ...disclosureSettings, ...omopSettings },
  check: policyProblems,
})

export type ExplainConfig = ReturnType<typeof loadExplainConfig>
export type BunnyConfig = ReturnType<typeof loadBunnyConfig>
export type RunConfig = ReturnType<typeof loadRunConfig>

/** Throws `ConfigError` (exit code 78) that lists all problems. Does not read `.env` files. */
export const loadBunnyConfig = (env: NodeJS.ProcessEnv) => loadConfig(bunnyConfig, env)

export const loadRunConfig = (env: NodeJS.ProcessEnv) => loadConfig(runConfig, env)

export const loadExplainConfig = (env: NodeJS.ProcessEnv) => loadConfig(explainConfig, env)

function policyProblems(values: { threshold?: number; nearest?: number }): ConfigProblem[] {
  const { threshold, nearest } = values
  if (threshold === undefined || nearest === undefined) return []
  const problem = policyProblem({ threshold, nearest })
  if (problem === undefined) return []
  const name = problem.member === 'nearest' ? 'ROUNDING_TARGET' : 'LOW_NUMBER_SUPPRESSION_THRESHOLD'
  return [{ name, message: problem.message, hint: problem.hint }]
}

function backoffProblems(values: {
  initialBackoffMs?: number
  maxBackoffMs?: number
}): ConfigProblem[] {
  const { initialBackoffMs = 0, maxBackoffMs = Infinity } = values
  if (initialBackoffMs <= maxBackoffMs) return []
  return [
    {
      name: 'MAX_BACKOFF',
      message: 'must not be shorter than INITIAL_BACKOFF',
      hint: 'Raise MAX_BACKOFF or lower INITIAL_BACKOFF.',
    },
  ]
}
