import { hostname } from 'node:os'
import {
  booleanSetting,
  choiceSetting,
  durationSetting,
  integerSetting,
  logLevelSetting,
  setting,
  textSetting,
} from '@warren/runtime'
import { z } from 'zod'
import { STORE_EXAMPLES, storeTarget } from './store-target.ts'

const DAY_MS = 86_400_000

const storeText = z.string().refine((text) => storeTarget(text.trim()) !== undefined, {
  error: `expected ${STORE_EXAMPLES}`,
})

const queueText = z
  .string()
  .trim()
  .refine((text) => text === 'database' || (/^amqps?:\/\//i.test(text) && URL.canParse(text)), {
    error: 'expected database or amqp://USER:PASSWORD@HOST:5672/VHOST',
  })

const path = z
  .string()
  .trim()
  .regex(/^\/[\w./-]*$/, 'expected a path such as /healthz')
const pathOrOff = z
  .string()
  .trim()
  .regex(/^(?:off|\/[\w./-]+)$/i, 'expected a path such as /metrics, or off')
  .transform((text) => (text.toLowerCase() === 'off' ? undefined : text))

const ms = (minMs: number, maxMs: number) => durationSetting({ unit: 's', minMs, maxMs })

/** What the hub itself needs; upstreams and declared users have files of their own. */
export const generalSettings = {
  host: setting({
    name: 'RELAY_HOST',
    schema: textSetting(),
    default: '0.0.0.0',
    description: 'Address to listen on.',
  }),
  port: setting({
    name: 'RELAY_PORT',
    schema: integerSetting(0, 65_535),
    default: 8080,
    description: 'Port to listen on; 0 takes a free one.',
  }),
  store: setting({
    name: 'RELAY_STORE',
    aliases: ['ConnectionStrings__Default'],
    schema: storeText,
    default: 'sqlite:relay.sqlite',
    secret: true,
    description: `Where users, nodes and tasks are kept: ${STORE_EXAMPLES}.`,
  }),
  migrate: setting({
    name: 'RELAY_MIGRATE',
    aliases: ['Database__ApplyMigrationsOnStartup'],
    schema: booleanSetting(),
    default: true,
    description: 'Bring the schema of the store up to date at start.',
  }),
  startupTimeoutMs: setting({
    name: 'RELAY_STARTUP_TIMEOUT',
    schema: ms(0, 3_600_000),
    default: 60_000,
    unit: 's',
    description: 'How long the store may be down at start before the hub gives up (exit code 69).',
  }),
  queue: setting({
    name: 'RELAY_QUEUE',
    aliases: ['RelayTaskQueue__ConnectionString'],
    schema: queueText,
    default: 'database',
    secret: true,
    description: 'How nodes get to know of tasks: database, or the URL of a RabbitMQ broker.',
  }),
  suppressionThreshold: setting({
    name: 'RELAY_SUPPRESSION_THRESHOLD',
    aliases: ['Obfuscation__LowNumberSuppressionThreshold'],
    schema: integerSetting(-1, 1_000_000_000),
    default: 10,
    description: 'Sums below this are answered as 0; 0 or less hides nothing.',
  }),
  roundingTarget: setting({
    name: 'RELAY_ROUNDING_TARGET',
    aliases: ['Obfuscation__RoundingTarget'],
    schema: integerSetting(-1, 1_000_000_000),
    default: 10,
    description: 'Sums are rounded to a multiple of this; 0 or less rounds nothing.',
  }),
  dropSuppressedRows: setting({
    name: 'RELAY_DROP_SUPPRESSED_ROWS',
    schema: booleanSetting(),
    default: false,
    description:
      'Leave rows whose sum was hidden out of distributions, instead of listing them with 0.',
  }),
  reportCoverage: setting({
    name: 'RELAY_REPORT_COVERAGE',
    schema: booleanSetting(),
    default: true,
    description: 'Tell the upstream how many nodes answered, as in "answered by 3 of 4 nodes".',
  }),
  availabilityDeadlineMs: setting({
    name: 'RELAY_AVAILABILITY_DEADLINE',
    schema: ms(1_000, DAY_MS),
    default: 240_000,
    unit: 's',
    description: 'How long answers to an availability task are collected.',
  }),
  distributionDeadlineMs: setting({
    name: 'RELAY_DISTRIBUTION_DEADLINE',
    schema: ms(1_000, 7 * DAY_MS),
    default: 6_480_000,
    unit: 's',
    description: 'How long answers to a distribution task are collected.',
  }),
  availabilityLeaseMs: setting({
    name: 'RELAY_AVAILABILITY_LEASE',
    schema: ms(1_000, DAY_MS),
    default: 60_000,
    unit: 's',
    description: 'How long a node keeps an availability task before it is given out again.',
  }),
  distributionLeaseMs: setting({
    name: 'RELAY_DISTRIBUTION_LEASE',
    schema: ms(1_000, 7 * DAY_MS),
    default: 1_800_000,
    unit: 's',
    description: 'How long a node keeps a distribution task before it is given out again.',
  }),
  maxAttempts: setting({
    name: 'RELAY_MAX_ATTEMPTS',
    schema: integerSetting(1, 100),
    default: 5,
    description: 'How often one task is given to one node at most.',
  }),
  upstreamAvailabilityDeadlineMs: setting({
    name: 'RELAY_UPSTREAM_AVAILABILITY_DEADLINE',
    aliases: ['RELAY_AVAILABILITY_WINDOW'],
    schema: ms(1_000, DAY_MS),
    default: 300_000,
    unit: 's',
    description: 'How long the upstream wants the answer to an availability task.',
  }),
  upstreamDistributionDeadlineMs: setting({
    name: 'RELAY_UPSTREAM_DISTRIBUTION_DEADLINE',
    aliases: ['RELAY_DISTRIBUTION_WINDOW'],
    schema: ms(1_000, 7 * DAY_MS),
    default: 7_200_000,
    unit: 's',
    description: 'How long the upstream wants the answer to a distribution task.',
  }),
  keepNodeResults: setting({
    name: 'RELAY_KEEP_NODE_RESULTS',
    aliases: ['RELAY_KEEP_ANSWERS', 'Database__RetainCompletedTaskState'],
    schema: booleanSetting(),
    default: false,
    description: "Keep the nodes' own answers after a task is settled.",
  }),
  resultRetentionMs: setting({
    name: 'RELAY_RESULT_RETENTION',
    schema: durationSetting({ unit: 'h', minMs: 60_000, maxMs: 3_650 * DAY_MS }),
    default: DAY_MS,
    unit: 'h',
    description:
      'How long delivered answers are remembered, to be sent again to an upstream that asks again.',
  }),
  maxBodyBytes: setting({
    name: 'RELAY_MAX_BODY_BYTES',
    schema: integerSetting(1_024, 1_000_000_000),
    default: 30_000_000,
    unit: 'bytes',
    description: 'Largest result that is taken from a node.',
  }),
  maxWaitMs: setting({
    name: 'RELAY_MAX_WAIT',
    schema: ms(0, 300_000),
    default: 30_000,
    unit: 's',
    description:
      'Longest that a poll is held for a client that asks for it (Prefer: wait); below the idle timeout of the load balancer.',
  }),
  keepAliveMs: setting({
    name: 'RELAY_KEEP_ALIVE',
    schema: ms(1_000, 3_600_000),
    default: 75_000,
    unit: 's',
    description:
      'How long an idle connection stays open; longer than the load balancer in front keeps it.',
  }),
  trustedProxies: setting({
    name: 'RELAY_TRUSTED_PROXIES',
    schema: integerSetting(0, 10),
    default: 0,
    description: 'Number of proxies in front whose X-Forwarded-For is believed.',
  }),
  credentialCacheMs: setting({
    name: 'RELAY_CREDENTIAL_CACHE',
    schema: ms(0, DAY_MS),
    default: 300_000,
    unit: 's',
    description:
      'How long a verified login is believed without asking the store; changes end it at once.',
  }),
  healthPath: setting({
    name: 'RELAY_HEALTH_PATH',
    aliases: ['Monitoring__HealthEndpoint'],
    schema: path,
    default: '/healthz',
    description: 'Path of the health probe.',
  }),
  metricsPath: setting({
    name: 'RELAY_METRICS_PATH',
    schema: pathOrOff,
    default: '/metrics',
    description: 'Path of the Prometheus metrics, or off. Node names are in them.',
  }),
  metricsToken: setting({
    name: 'RELAY_METRICS_TOKEN',
    schema: textSetting().optional(),
    secret: true,
    description: 'Bearer token that reading the metrics takes; without it they are open.',
  }),
  stopDelayMs: setting({
    name: 'RELAY_STOP_DELAY',
    schema: ms(0, 60_000),
    default: 0,
    unit: 's',
    description:
      'How long the hub still answers after readiness went off, for load balancers that are slow to notice.',
  }),
  workerId: setting({
    name: 'RELAY_WORKER_ID',
    schema: z
      .string()
      .trim()
      .regex(/^[\w.:-]{1,128}$/, 'expected letters, digits and . _ : -'),
    default: hostname(),
    defaultText: 'the host name',
    description: 'Sent to upstreams as X-Worker-Id, to tell several hubs of one collection apart.',
  }),
  logLevel: setting({
    name: 'RELAY_LOG_LEVEL',
    aliases: ['Serilog__MinimumLevel__Default', 'Serilog__MinimumLevel'],
    schema: logLevelSetting(),
    default: 'info',
    description: 'Least severe level that is logged: trace, debug, info, warn, error or fatal.',
  }),
  logFormat: setting({
    name: 'LOG_FORMAT',
    schema: choiceSetting(['json', 'text']),
    default: 'json',
    description: 'json, or text for the lines that existing log pipelines read.',
  }),
}
