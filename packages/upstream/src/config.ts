import {
  type ConfigProblem,
  choiceSetting,
  defineConfig,
  durationSetting,
  integerSetting,
  loadConfig,
  logLevelSetting,
  type LogLevel,
  setting,
  textSetting,
  urlSetting,
} from '@warren/runtime'
import { isLoopback } from './http/loopback.ts'

/** `current`: HDR UK's service of mid-2026. `older`: the commercial service before it. */
export type Behaviour = 'current' | 'older'

/** Durations are milliseconds. */
export interface UpstreamConfig {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** `memory`, or `sqlite:FILE`: see `sqliteFile`. */
  readonly store: string
  readonly behaviour: Behaviour
  /** How long after a hand-out a task may be handed out again. */
  readonly leaseMs: number
  readonly maxAttempts: number
  readonly taskTimeoutMs: number
  readonly distributionTimeoutMs: number
  readonly suspendAfterMs: number
  /** Requests per minute and client address; 0: unlimited. */
  readonly rateLimit: number
  readonly maxConnections: number
  readonly retentionMs: number
  readonly askerToken: string | undefined
  /** Where `ask` and `collections` find the upstream. */
  readonly url: string | undefined
  readonly logLevel: LogLevel
  readonly logFormat: 'json' | 'text' | undefined
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The file of `sqlite:FILE` or `sqlite:///FILE`; undefined for any other text. */
export function sqliteFile(store: string): string | undefined {
  return /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(store)?.[1]
}

function isStore(text: string): boolean {
  return text === 'memory' || sqliteFile(text) !== undefined
}

export const upstreamConfig = defineConfig<UpstreamConfig>({
  program: 'upstream',
  prefixes: ['UPSTREAM_'],
  settings: {
    host: setting({
      name: 'UPSTREAM_HOST',
      schema: textSetting(),
      default: '127.0.0.1',
      description:
        'Address to listen on. An address that other machines can reach requires UPSTREAM_ASKER_TOKEN.',
    }),
    port: setting({
      name: 'UPSTREAM_PORT',
      schema: integerSetting(0, 65_535),
      default: 8090,
      description: 'Port to listen on. 0 selects a free port.',
    }),
    store: setting({
      name: 'UPSTREAM_STORE',
      schema: textSetting().refine(isStore, 'expected memory or sqlite:FILE'),
      default: 'memory',
      description: 'Where collections and questions are stored: memory, or sqlite:FILE.',
    }),
    behaviour: setting({
      name: 'UPSTREAM_BEHAVIOUR',
      schema: choiceSetting(['current', 'older']),
      default: 'current',
      description:
        'Which Task API behaviour to emulate: current (leases, 201 with JSON) or older (each task once, "Job saved").',
    }),
    leaseMs: setting({
      name: 'UPSTREAM_LEASE',
      aliases: ['UPSTREAM_LEASE_SECONDS'],
      schema: durationSetting({ unit: 's', minMs: 100, maxMs: DAY }),
      default: 10 * SECOND,
      unit: 's',
      description: 'How long after a hand-out a task without a result is handed out again.',
    }),
    maxAttempts: setting({
      name: 'UPSTREAM_MAX_ATTEMPTS',
      schema: integerSetting(1, 1000),
      default: 3,
      description:
        'Maximum hand-outs of one task. The last one marks it failed until a valid result arrives.',
    }),
    taskTimeoutMs: setting({
      name: 'UPSTREAM_TASK_TIMEOUT',
      aliases: ['UPSTREAM_TASK_TIMEOUT_SECONDS'],
      schema: durationSetting({ unit: 's', minMs: 100, maxMs: 30 * DAY }),
      default: 300 * SECOND,
      unit: 's',
      description: 'Deadline of a count, from the moment it is asked.',
    }),
    distributionTimeoutMs: setting({
      name: 'UPSTREAM_DISTRIBUTION_TIMEOUT',
      schema: durationSetting({ unit: 's', minMs: 100, maxMs: 30 * DAY }),
      default: 2 * HOUR,
      unit: 's',
      description: 'Deadline of a distribution, from the moment it is asked.',
    }),
    suspendAfterMs: setting({
      name: 'UPSTREAM_SUSPEND_AFTER',
      schema: durationSetting({ unit: 's', minMs: 100, maxMs: 30 * DAY }),
      default: 30 * MINUTE,
      unit: 's',
      description: 'How long after its last poll for counts (queue a) a collection is suspended.',
    }),
    rateLimit: setting({
      name: 'UPSTREAM_RATE_LIMIT',
      schema: integerSetting(0, 10_000_000),
      default: 1000,
      description: 'Maximum requests per minute from one address; more get 429. 0: unlimited.',
    }),
    maxConnections: setting({
      name: 'UPSTREAM_MAX_CONNECTIONS',
      schema: integerSetting(10, 1_000_000),
      default: 4000,
      description:
        'Largest number of open connections, of which one address may have half. When there are more, the one that has been idle longest is closed.',
    }),
    retentionMs: setting({
      name: 'UPSTREAM_RETENTION',
      schema: durationSetting({ unit: 'd', minMs: MINUTE }),
      default: 30 * DAY,
      unit: 'd',
      description: 'How long settled questions and their results are kept.',
    }),
    askerToken: setting({
      name: 'UPSTREAM_ASKER_TOKEN',
      schema: textSetting().min(16, 'expected at least 16 characters').optional(),
      secret: true,
      description: 'Bearer token for asking questions. Without one only this machine may ask.',
    }),
    url: setting({
      name: 'UPSTREAM_URL',
      schema: urlSetting(['https', 'http']).optional(),
      description:
        'URL for warren upstream ask and collections. Default: this machine at UPSTREAM_PORT.',
    }),
    logLevel: setting({
      name: 'UPSTREAM_LOG_LEVEL',
      schema: logLevelSetting(),
      default: 'info',
      description: 'Lowest level to log: trace, debug, info, warn, error or fatal.',
    }),
    logFormat: setting({
      name: 'UPSTREAM_LOG_FORMAT',
      aliases: ['LOG_FORMAT'],
      schema: choiceSetting(['json', 'text']).optional(),
      description:
        'Log format: json, or text. Default: lines for people on a terminal, otherwise json.',
    }),
  },
  check: checkAskerToken,
})

function checkAskerToken(values: Partial<UpstreamConfig>): ConfigProblem[] {
  const { host, askerToken } = values
  if (host === undefined || isLoopback(host) || askerToken !== undefined) return []
  return [
    {
      name: 'UPSTREAM_ASKER_TOKEN',
      message: `not set, but required with UPSTREAM_HOST=${host}, which other machines can reach`,
      hint: 'Set it (or UPSTREAM_ASKER_TOKEN_FILE) to a long random text, or set UPSTREAM_HOST=127.0.0.1.',
    },
  ]
}

/** @throws ConfigError with all problems. */
export function loadUpstreamConfig(env: NodeJS.ProcessEnv): UpstreamConfig {
  return loadConfig(upstreamConfig, env)
}
