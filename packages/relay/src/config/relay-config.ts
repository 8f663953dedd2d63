import {
  type ConfigDefinition,
  type ConfigProblem,
  defineConfig,
  loadConfig,
  secretValues,
  type Setting,
} from '@warren/runtime'
import {
  type DeclaredUser,
  declaredUserSettings,
  readDeclaredUsers,
} from './declared-user-settings.ts'
import { generalSettings } from './relay-settings.ts'
import { storeSecrets } from './store-target.ts'
import {
  firstUpstreamSettings,
  moreUpstreamSettings,
  UNIFIED_QUEUE,
  type UpstreamConfig,
  readUpstreams,
} from './upstream-settings.ts'

const settings = {
  ...generalSettings,
  ...firstUpstreamSettings,
  ...moreUpstreamSettings,
  ...declaredUserSettings,
}

type Values<T> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never }
export type RelaySettings = Values<typeof settings>

/** What a hub runs with: every setting, and what they come to together. */
export interface RelayConfig extends RelaySettings {
  readonly upstreams: readonly UpstreamConfig[]
  readonly declaredUsers: readonly DeclaredUser[]
  /** Texts that no log may show. */
  readonly secrets: readonly string[]
}

/** Every variable the hub reads; documentation and `config check` are made from it. */
export const relayConfig: ConfigDefinition<RelaySettings> = defineConfig<RelaySettings>({
  program: 'relay',
  prefixes: ['RELAY_', 'UpstreamTaskApi__', 'Obfuscation__', 'DownstreamUsers__'],
  settings,
  check: (values) => [
    ...readUpstreams(values).problems,
    ...readDeclaredUsers(values).problems,
    ...deadlineProblems(values),
    ...retentionProblems(values),
  ],
})

/** Throws a ConfigError (exit code 78) that names every variable that is wrong. */
export function loadRelayConfig(env: NodeJS.ProcessEnv): RelayConfig {
  const values = loadConfig(relayConfig, withBlankQueueTypes(env))
  const secrets = [...secretValues(relayConfig, values), ...storeSecrets(values.store)]
  return {
    ...values,
    upstreams: readUpstreams(values).upstreams,
    declaredUsers: readDeclaredUsers(values).users,
    // "database" and "sqlite:…" stand under the names of secrets and are none.
    secrets: secrets.filter((text) => text !== 'database' && !text.startsWith('sqlite:')),
  }
}

/** Blank means unset everywhere but here: today a blank QueueTypes is the queue without a suffix. */
function withBlankQueueTypes(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const blank = Object.entries(env).find(
    ([name, text]) =>
      /^UpstreamTaskApi(?:__|:)QueueTypes$/i.test(name) && text !== undefined && text.trim() === '',
  )
  return blank === undefined ? env : { ...env, [blank[0]]: UNIFIED_QUEUE }
}

function retentionProblems(values: Partial<RelaySettings>): ConfigProblem[] {
  const { resultRetentionMs, availabilityWindowMs, distributionWindowMs } = values
  const windowMs = Math.max(availabilityWindowMs ?? 0, distributionWindowMs ?? 0)
  if (resultRetentionMs === undefined || resultRetentionMs >= windowMs) return []
  return [
    {
      name: 'RELAY_RESULT_RETENTION',
      message: 'ends before the answers are delivered',
      hint: 'It has to be at least as long as RELAY_DISTRIBUTION_WINDOW and RELAY_AVAILABILITY_WINDOW.',
    },
  ]
}

function deadlineProblems(values: Partial<RelaySettings>): ConfigProblem[] {
  const pairs = [
    ['RELAY_AVAILABILITY_WINDOW', values.availabilityDeadlineMs, values.availabilityWindowMs],
    ['RELAY_DISTRIBUTION_WINDOW', values.distributionDeadlineMs, values.distributionWindowMs],
  ] as const
  return pairs.flatMap(([name, deadline, window]) => {
    if (deadline === undefined || window === undefined || window > deadline) return []
    const message = 'ends before the answers are collected'
    const hint =
      'The window has to be longer than the deadline: an answer also has to be delivered.'
    return [{ name, message, hint }]
  })
}
