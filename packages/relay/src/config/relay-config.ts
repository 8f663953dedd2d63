import {
  type ConfigDefinition,
  type ConfigProblem,
  defineConfig,
  formatDuration,
  loadConfig,
  ProgramError,
  secretValues,
  type Setting,
} from '@warren/runtime'
import { type DeclaredUser } from '../vocabulary/declared-user.ts'
import { withHostingVariables } from './dotnet-variables.ts'
import { declaredUserSettings, readDeclaredUsers } from './declared-user-settings.ts'
import { generalSettings } from './relay-settings.ts'
import { defaultSpoolFolder } from './spool-folder.ts'
import { settlingSettings } from './settling-settings.ts'
import { parseStoreTarget, type StoreTarget } from './store-target.ts'
import {
  firstUpstreamSettings,
  moreUpstreamSettings,
  UNIFIED_QUEUE,
  type UpstreamConfig,
  readUpstreams,
} from './upstream-settings.ts'

const settings = {
  ...generalSettings,
  ...settlingSettings,
  ...firstUpstreamSettings,
  ...moreUpstreamSettings,
  ...declaredUserSettings,
}

type Values<T> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never }
export type RelaySettings = Values<typeof settings>

/** The effective configuration: every setting, and what is derived from several settings. */
export interface RelayConfig extends RelaySettings {
  /** What RELAY_STORE means. */
  readonly storeTarget: StoreTarget
  readonly upstreams: readonly UpstreamConfig[]
  /** RELAY_SPOOL_DIR or its default. Undefined if the database is in memory. */
  readonly spoolFolder: string | undefined
  readonly declaredUsers: readonly DeclaredUser[]
  /** Values that are masked in every log. */
  readonly secrets: readonly string[]
}

/** Every variable the relay reads. The documentation and `config check` are generated from it. */
export const relayConfig: ConfigDefinition<RelaySettings> = defineConfig<RelaySettings>({
  program: 'relay',
  prefixes: ['RELAY_', 'UpstreamTaskApi__', 'Obfuscation__', 'DownstreamUsers__'],
  settings,
  check: (values) => [
    ...storeProblems(values),
    ...readUpstreams(values).problems,
    ...readDeclaredUsers(values).problems,
    ...deadlineProblems(values),
    ...retentionProblems(values),
    ...tlsProblems(values),
  ],
})

/** Throws a ConfigError (exit code 78) that lists every problem. */
export function loadRelayConfig(env: NodeJS.ProcessEnv): RelayConfig {
  const values = loadConfig(relayConfig, withHostingVariables(withBlankQueueTypes(env)))
  const storeTarget = parseStoreTarget(values.store, env)
  return {
    ...values,
    storeTarget,
    upstreams: readUpstreams(values).upstreams,
    declaredUsers: readDeclaredUsers(values).users,
    spoolFolder: values.spoolDir ?? defaultSpoolFolder(storeTarget, env),
    secrets: secretValues(relayConfig, values),
  }
}

/** A blank variable counts as unset, except QueueTypes: for the .NET relay, blank is the queue without a suffix. */
function withBlankQueueTypes(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const blank = Object.entries(env).find(
    ([name, text]) =>
      /^UpstreamTaskApi(?:__|:)QueueTypes$/i.test(name) && text !== undefined && text.trim() === '',
  )
  return blank === undefined ? env : { ...env, [blank[0]]: UNIFIED_QUEUE }
}

function storeProblems({ store }: Partial<RelaySettings>): ConfigProblem[] {
  if (store === undefined) return []
  try {
    parseStoreTarget(store)
    return []
  } catch (error: unknown) {
    if (!(error instanceof ProgramError)) throw error
    const { message, hint } = error
    const problem = { name: 'RELAY_STORE', message }
    return [hint === undefined ? problem : { ...problem, hint }]
  }
}

function retentionProblems(values: Partial<RelaySettings>): ConfigProblem[] {
  const { resultRetentionMs } = values
  const longestMs = Math.max(
    values.upstreamAvailabilityDeadlineMs ?? 0,
    values.upstreamDistributionDeadlineMs ?? 0,
  )
  if (resultRetentionMs === undefined || resultRetentionMs >= longestMs) return []
  return [
    {
      name: 'RELAY_RESULT_RETENTION',
      message:
        'is shorter than a deadline of the upstream, so results would be deleted unsubmitted',
      hint: `Set it to at least ${formatDuration(longestMs)}, or lower RELAY_UPSTREAM_AVAILABILITY_DEADLINE and RELAY_UPSTREAM_DISTRIBUTION_DEADLINE.`,
    },
  ]
}

function tlsProblems(values: Partial<RelaySettings>): ConfigProblem[] {
  const { tlsCertificateFile, tlsKeyFile, tlsClientAuthorityFile } = values
  const usesTls = [tlsCertificateFile, tlsKeyFile, tlsClientAuthorityFile].some(
    (path) => path !== undefined,
  )
  const required = [
    { name: 'RELAY_TLS_CERT_FILE', path: tlsCertificateFile },
    { name: 'RELAY_TLS_KEY_FILE', path: tlsKeyFile },
  ]
  return required
    .filter(({ path }) => usesTls && path === undefined)
    .map(({ name }) => ({
      name,
      message: 'not set, but required with the other files for TLS',
      hint: 'Set RELAY_TLS_CERT_FILE and RELAY_TLS_KEY_FILE, or no file for TLS to serve http.',
    }))
}

function deadlineProblems(values: Partial<RelaySettings>): ConfigProblem[] {
  const pairs = [
    ['AVAILABILITY', values.availabilityDeadlineMs, values.upstreamAvailabilityDeadlineMs],
    ['DISTRIBUTION', values.distributionDeadlineMs, values.upstreamDistributionDeadlineMs],
  ] as const
  return pairs.flatMap(([kind, deadlineMs, upstreamDeadlineMs]) => {
    if (deadlineMs === undefined || upstreamDeadlineMs === undefined) return []
    if (upstreamDeadlineMs > deadlineMs) return []
    return [
      {
        name: `RELAY_UPSTREAM_${kind}_DEADLINE`,
        message: `is not longer than RELAY_${kind}_DEADLINE, so no time is left to submit the result`,
        hint: `Set it above ${formatDuration(deadlineMs)}, or lower RELAY_${kind}_DEADLINE.`,
      },
    ]
  })
}
