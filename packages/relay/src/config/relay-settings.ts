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
import { AddressList, LOOPBACK } from '@warren/runtime/http'
import { z } from 'zod'
import { parseBrokerAddress } from '../queue/broker-address.ts'
import { STORE_EXAMPLES, storeSecrets } from './store-target.ts'

const DAY_MS = 86_400_000

const queueText = z
  .string()
  .trim()
  .superRefine((text, context) => {
    if (text === 'database') return
    try {
      parseBrokerAddress(text)
    } catch (error: unknown) {
      const reason = error instanceof Error ? error.message : String(error)
      context.addIssue(`expected database or amqp://USER:PASSWORD@HOST:5672/VHOST: ${reason}`)
    }
  })

/** The password of a URL, encoded and decoded. */
function urlPasswords(text: string): string[] {
  const { password } = new URL(text)
  return password === '' ? [] : [password, decodeURIComponent(password)]
}

const path = z
  .string()
  .trim()
  .regex(/^\/[\w./-]*$/, 'expected a path such as /healthz')
const pathOrOff = z
  .string()
  .trim()
  .regex(/^(?:off|\/[\w./-]+)$/i, 'expected a path such as /metrics, or off')
  .transform((text) => (text.toLowerCase() === 'off' ? undefined : text))

/** Addresses and ranges, separated by commas. */
const addressList = z.string().transform((text, context): AddressList => {
  const items = text.split(',').map((item) => item.trim())
  // Formerly a number of proxies, of which only 0 is safe: a client that reaches the relay directly could forge the header.
  if (text.trim() === '0') return new AddressList([])
  try {
    return new AddressList(items.filter((item) => item !== ''))
  } catch {
    const instead = /^\d+$/.test(text.trim()) ? ' instead of a number' : ''
    const message = `expected addresses or ranges such as 10.0.0.0/8, fd00::/8${instead}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
})

const ms = (minMs: number, maxMs: number) => durationSetting({ unit: 's', minMs, maxMs })

/** All settings except those of settling, upstreams and declared users. */
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
    description:
      'Port to listen on. 0 selects a free port. If it is not set, the first http address of ASPNETCORE_URLS is used, or the first port of ASPNETCORE_HTTP_PORTS.',
  }),
  tlsCertificateFile: setting({
    name: 'RELAY_TLS_CERT_FILE',
    schema: textSetting().optional(),
    description:
      'File with the certificate of the relay and its intermediate certificates (PEM). With it, the relay serves https only. A changed file is used within 10 seconds.',
  }),
  tlsKeyFile: setting({
    name: 'RELAY_TLS_KEY_FILE',
    schema: textSetting().optional(),
    description: 'File with the private key of the certificate (PEM, without a passphrase).',
  }),
  tlsClientAuthorityFile: setting({
    name: 'RELAY_TLS_CLIENT_CA_FILE',
    schema: textSetting().optional(),
    description:
      'File with the certificates of the authorities that sign client certificates (PEM). With it, nodes need a client certificate in addition to their password; health probes do not.',
  }),
  store: setting({
    name: 'RELAY_STORE',
    aliases: ['ConnectionStrings__Default'],
    // Its problems are found with a hint by the checks of the configuration.
    schema: textSetting(),
    default: 'sqlite:relay.sqlite',
    secret: true,
    secretParts: storeSecrets,
    description: `Database for users, nodes and tasks: ${STORE_EXAMPLES}.`,
  }),
  databaseConnections: setting({
    name: 'RELAY_DATABASE_CONNECTIONS',
    schema: integerSetting(2, 1_000),
    default: 10,
    description:
      'Maximum number of connections to PostgreSQL, in addition to the one that receives notifications.',
  }),
  migrate: setting({
    name: 'RELAY_MIGRATE',
    aliases: ['Database__ApplyMigrationsOnStartup'],
    schema: booleanSetting(),
    default: true,
    description: 'Update the database schema at start.',
  }),
  startupTimeoutMs: setting({
    name: 'RELAY_STARTUP_TIMEOUT',
    schema: ms(0, 3_600_000),
    default: 60_000,
    unit: 's',
    description: 'How long to wait for the database at start before the relay exits with code 69.',
  }),
  spoolDir: setting({
    name: 'RELAY_SPOOL_DIR',
    schema: textSetting().optional(),
    defaultText: 'next to the SQLite file, or in the state folder of the user',
    description:
      'Folder that keeps received tasks until the database has stored them. Put it on a disk that survives a restart.',
  }),
  queue: setting({
    name: 'RELAY_QUEUE',
    aliases: ['RelayTaskQueue__ConnectionString'],
    schema: queueText,
    default: 'database',
    secret: true,
    secretParts: (text) => (text === 'database' ? [] : urlPasswords(text)),
    description:
      'How nodes are notified of new tasks: database, or the URL of a RabbitMQ broker. With amqps:, the URL may end in ?sslrootcert=FILE, a file with the certificate of the authority (PEM).',
  }),
  suppressionThreshold: setting({
    name: 'RELAY_SUPPRESSION_THRESHOLD',
    aliases: ['Obfuscation__LowNumberSuppressionThreshold'],
    schema: integerSetting(-1, 1_000_000_000),
    default: 10,
    description:
      'Combined counts below this are suppressed (reported as 0). 0 or less turns suppression off.',
  }),
  roundingTarget: setting({
    name: 'RELAY_ROUNDING_TARGET',
    aliases: ['Obfuscation__RoundingTarget'],
    schema: integerSetting(-1, 1_000_000_000),
    default: 10,
    description: 'Combined counts are rounded to a multiple of this. 0 or less turns rounding off.',
  }),
  availabilityDeadlineMs: setting({
    name: 'RELAY_AVAILABILITY_DEADLINE',
    schema: ms(1_000, DAY_MS),
    default: 240_000,
    unit: 's',
    description: 'How long the relay collects results for an availability task.',
  }),
  distributionDeadlineMs: setting({
    name: 'RELAY_DISTRIBUTION_DEADLINE',
    schema: ms(1_000, 7 * DAY_MS),
    default: 6_480_000,
    unit: 's',
    description: 'How long the relay collects results for a distribution task.',
  }),
  availabilityLeaseMs: setting({
    name: 'RELAY_AVAILABILITY_LEASE',
    schema: ms(1_000, DAY_MS),
    default: 60_000,
    unit: 's',
    description: 'How long an availability task is leased to a node before it is handed out again.',
  }),
  distributionLeaseMs: setting({
    name: 'RELAY_DISTRIBUTION_LEASE',
    schema: ms(1_000, 7 * DAY_MS),
    default: 1_800_000,
    unit: 's',
    description: 'How long a distribution task is leased to a node before it is handed out again.',
  }),
  maxAttempts: setting({
    name: 'RELAY_MAX_ATTEMPTS',
    schema: integerSetting(1, 100),
    default: 5,
    description: 'Maximum number of times a task is handed out to one node.',
  }),
  upstreamAvailabilityDeadlineMs: setting({
    name: 'RELAY_UPSTREAM_AVAILABILITY_DEADLINE',
    aliases: ['RELAY_AVAILABILITY_WINDOW'],
    schema: ms(1_000, DAY_MS),
    default: 300_000,
    unit: 's',
    description:
      'How long the upstream accepts the result of an availability task. Must exceed RELAY_AVAILABILITY_DEADLINE.',
  }),
  upstreamDistributionDeadlineMs: setting({
    name: 'RELAY_UPSTREAM_DISTRIBUTION_DEADLINE',
    aliases: ['RELAY_DISTRIBUTION_WINDOW'],
    schema: ms(1_000, 7 * DAY_MS),
    default: 7_200_000,
    unit: 's',
    description:
      'How long the upstream accepts the result of a distribution task. Must exceed RELAY_DISTRIBUTION_DEADLINE.',
  }),
  resultRetentionMs: setting({
    name: 'RELAY_RESULT_RETENTION',
    schema: durationSetting({ unit: 'h', minMs: 60_000, maxMs: 3_650 * DAY_MS }),
    default: DAY_MS,
    unit: 'h',
    description:
      'How long submitted results are kept, to be submitted again if the upstream sends the task again.',
  }),
  maxBodyBytes: setting({
    name: 'RELAY_MAX_BODY_BYTES',
    schema: integerSetting(1_024, 1_000_000_000),
    default: 30_000_000,
    unit: 'bytes',
    description: 'Largest result accepted from a node.',
  }),
  maxWaitMs: setting({
    name: 'RELAY_MAX_WAIT',
    schema: ms(0, 300_000),
    default: 30_000,
    unit: 's',
    description:
      'Longest time to hold a poll that contains Prefer: wait. Must be below the idle timeout of the load balancer.',
  }),
  maxConnections: setting({
    name: 'RELAY_MAX_CONNECTIONS',
    schema: integerSetting(10, 1_000_000),
    default: 14_000,
    description:
      'Largest number of open connections, of which one address may have half. When there are more, the relay closes the one that has been idle longest. Must be below the limit for open files.',
  }),
  keepAliveMs: setting({
    name: 'RELAY_KEEP_ALIVE',
    schema: ms(1_000, 3_600_000),
    default: 75_000,
    unit: 's',
    description:
      'How long an idle connection stays open. Must exceed the idle timeout of the load balancer.',
  }),
  trustedProxies: setting({
    name: 'RELAY_TRUSTED_PROXIES',
    schema: addressList,
    default: new AddressList([]),
    show: (list) => list.toString(),
    description:
      'Addresses and ranges of the load balancers and proxies in front of the relay, separated by commas. Only their X-Forwarded-For is used, to throttle each client by its own address.',
  }),
  credentialCacheMs: setting({
    name: 'RELAY_CREDENTIAL_CACHE',
    schema: ms(0, DAY_MS),
    default: 300_000,
    unit: 's',
    description:
      'How long a verified login is cached. Changing the user clears the cache immediately. 0 turns the cache off.',
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
    description: 'Path of the Prometheus metrics, or off. The metrics contain node names.',
  }),
  metricsToken: setting({
    name: 'RELAY_METRICS_TOKEN',
    schema: textSetting().optional(),
    secret: true,
    description:
      'Bearer token required to read the metrics. Without it, RELAY_METRICS_READERS can read them.',
  }),
  metricsReaders: setting({
    name: 'RELAY_METRICS_READERS',
    schema: addressList,
    default: LOOPBACK,
    show: (list) => list.toString(),
    description:
      'Addresses and ranges, separated by commas, from which the metrics can be read without a token.',
  }),
  stopDelayMs: setting({
    name: 'RELAY_STOP_DELAY',
    schema: ms(0, 60_000),
    default: 0,
    unit: 's',
    description:
      'How long to keep serving after /readyz starts to fail, for load balancers that react slowly.',
  }),
  workerId: setting({
    name: 'RELAY_WORKER_ID',
    schema: z
      .string()
      .trim()
      .regex(/^[\w.:-]{1,128}$/, 'expected letters, digits and . _ : -'),
    default: hostname(),
    defaultText: 'the host name',
    description:
      'Sent to upstreams as X-Worker-Id, to distinguish relays that share a collection ID.',
  }),
  logLevel: setting({
    name: 'RELAY_LOG_LEVEL',
    aliases: ['Serilog__MinimumLevel__Default', 'Serilog__MinimumLevel'],
    schema: logLevelSetting(),
    default: 'info',
    description: 'Lowest level to log: trace, debug, info, warn, error or fatal.',
  }),
  logFormat: setting({
    name: 'LOG_FORMAT',
    schema: choiceSetting(['json', 'text']).optional(),
    description:
      'Log format: json, or text for existing log pipelines. Default: lines for people on a terminal, otherwise json.',
  }),
}
