import {
  booleanSetting,
  type ConfigProblem,
  durationSetting,
  type FamilyMember,
  type Setting,
  setting,
  settingFamily,
  textSetting,
  urlSetting,
} from '@warren/runtime'
import {
  clientTlsFiles,
  clientTlsProblems,
  taskApiBase,
  type ClientTlsFiles,
  type ClientTlsPaths,
} from '@warren/task-api'
import { z } from 'zod'

export interface UpstreamConfig {
  /** Stored with every task. Do not change it while results are still to be submitted. */
  readonly name: string
  readonly baseUrl: string
  readonly collectionId: string
  readonly username: string
  readonly password: string
  readonly pollIntervalMs: number
  /** Queues to poll, each in its own loop. Undefined is the queue without a suffix. */
  readonly queueTypes: readonly ('a' | 'b' | undefined)[]
  readonly waitSeconds: number
  /** Trusted certificates, and the certificate with which the relay authenticates. */
  readonly tls: ClientTlsFiles | undefined
}

// At most 600 polls a minute. Upstreams allow 1,000 requests a minute.
const MIN_POLL_INTERVAL_MS = 100
export const UNIFIED_QUEUE = 'unified'

const queueTypes = z.string().transform((text, context): UpstreamConfig['queueTypes'] => {
  const words = text
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '')
  if (words.length === 1 && words[0] === UNIFIED_QUEUE) return [undefined]
  const unknown = words.find((word) => !['a', 'b', '*'].includes(word))
  if (unknown !== undefined || words.length === 0) {
    context.addIssue('expected *, a, b, a,b or unified (the queue without a suffix)')
    return z.NEVER
  }
  const all = words.includes('*')
  return (['a', 'b'] as const).filter((type) => all || words.includes(type))
})

const interval = durationSetting({ unit: 'ms', minMs: MIN_POLL_INTERVAL_MS, maxMs: 600_000 })
const wait = durationSetting({ unit: 's', maxMs: 60_000 })
const address = urlSetting(['https', 'http'])
const name = z
  .string()
  .trim()
  .regex(/^[\w.-]{1,64}$/, 'expected letters, digits and . _ - (64 at most)')

const DEFAULTS = {
  pollIntervalMs: 5_000,
  queueTypes: ['a', 'b'] as UpstreamConfig['queueTypes'],
  waitMs: 20_000,
}

/** The first upstream. The aliases are the variables of the .NET relay. */
export const firstUpstreamSettings = {
  upstreamName: setting({
    name: 'RELAY_UPSTREAM_NAME',
    schema: name,
    default: 'upstream',
    description: 'Name of the upstream in logs, metrics and the database.',
  }),
  upstreamEnable: setting({
    name: 'RELAY_UPSTREAM_ENABLE',
    aliases: ['UpstreamTaskApi__Enable'],
    schema: booleanSetting().optional(),
    description: 'Whether to poll the upstream. Default: true if its base URL is set.',
  }),
  upstreamBaseUrl: setting({
    name: 'RELAY_UPSTREAM_BASE_URL',
    aliases: ['UpstreamTaskApi__BaseUrl'],
    schema: address.optional(),
    description:
      'Base URL of the Task API at the upstream. Unless its path ends in /link_connector_api or a version such as /api/v1, /link_connector_api is added.',
  }),
  upstreamCollectionId: setting({
    name: 'RELAY_UPSTREAM_COLLECTION_ID',
    aliases: ['UpstreamTaskApi__CollectionId'],
    schema: textSetting().optional(),
    description: 'Collection ID of this relay at the upstream.',
  }),
  upstreamUsername: setting({
    name: 'RELAY_UPSTREAM_USERNAME',
    aliases: ['UpstreamTaskApi__Username'],
    schema: textSetting().optional(),
    description: 'User name at the upstream.',
  }),
  upstreamPassword: setting({
    name: 'RELAY_UPSTREAM_PASSWORD',
    aliases: ['UpstreamTaskApi__Password'],
    schema: z.string().optional(),
    secret: true,
    description: 'Password at the upstream.',
  }),
  upstreamPollInterval: setting({
    name: 'RELAY_UPSTREAM_POLL_INTERVAL',
    aliases: ['UpstreamTaskApi__PollingFrequency'],
    schema: interval,
    default: DEFAULTS.pollIntervalMs,
    unit: 'ms',
    description: 'Time between polls while the upstream has no task.',
  }),
  upstreamQueueTypes: setting({
    name: 'RELAY_UPSTREAM_QUEUE_TYPES',
    aliases: ['UpstreamTaskApi__QueueTypes'],
    schema: queueTypes,
    default: DEFAULTS.queueTypes,
    description:
      'Queues to poll: *, a, b, a,b, or unified (without a suffix, for an upstream that is a relay).',
  }),
  upstreamWait: setting({
    name: 'RELAY_UPSTREAM_WAIT',
    schema: wait,
    default: DEFAULTS.waitMs,
    unit: 's',
    description:
      'How long the upstream is asked to hold a poll (Prefer: wait). 0: polls are not held.',
  }),
  upstreamAuthorities: setting({
    name: 'RELAY_UPSTREAM_CA_FILE',
    schema: textSetting().optional(),
    description:
      'File or folder with certificates (PEM) of authorities to trust for the upstream, in addition to those of the system. Read again when it changes.',
  }),
  upstreamClientCertificate: setting({
    name: 'RELAY_UPSTREAM_CLIENT_CERT_FILE',
    schema: textSetting().optional(),
    description:
      'File with the certificate (PEM) with which the relay authenticates to the upstream. Read again when it changes.',
  }),
  upstreamClientKey: setting({
    name: 'RELAY_UPSTREAM_CLIENT_KEY_FILE',
    schema: textSetting().optional(),
    description:
      'File with the private key (PEM, without a passphrase) of RELAY_UPSTREAM_CLIENT_CERT_FILE.',
  }),
  upstreamResumeOnError: setting({
    name: 'UpstreamTaskApi__ResumeOnError',
    schema: booleanSetting().optional(),
    description: 'Ignored. Polling always continues after an error.',
  }),
  upstreamErrorDelay: setting({
    name: 'UpstreamTaskApi__ErrorDelay',
    schema: z.string().optional(),
    description: 'Ignored. The pause after errors increases automatically.',
  }),
}

/** The second to the ninth upstream: `RELAY_UPSTREAM_2_BASE_URL` and so on. */
export const moreUpstreamSettings = {
  moreNames: family('NAME', name, 'Name of upstream n. Default: upstream-n.'),
  moreEnable: family('ENABLE', booleanSetting(), 'Whether to poll upstream n.'),
  moreBaseUrls: family('BASE_URL', address, 'Base URL of upstream n.'),
  moreCollectionIds: family(
    'COLLECTION_ID',
    textSetting(),
    'Collection ID of this relay at upstream n.',
  ),
  moreUsernames: family('USERNAME', textSetting(), 'User name at upstream n.'),
  morePasswords: settingFamily({
    name: 'RELAY_UPSTREAM_<n>_PASSWORD',
    pattern: /RELAY_UPSTREAM_(?<number>[2-9])_PASSWORD/,
    schema: z.string(),
    secret: true,
    description: 'Password at upstream n.',
  }),
  morePollIntervals: family(
    'POLL_INTERVAL',
    interval,
    'Time between polls while upstream n has no task, in ms.',
  ),
  moreQueueTypes: family('QUEUE_TYPES', queueTypes, 'Queues to poll at upstream n.'),
  moreWaits: family('WAIT', wait, 'How long upstream n is asked to hold a poll, in seconds.'),
  moreAuthorities: family('CA_FILE', textSetting(), 'As RELAY_UPSTREAM_CA_FILE, for upstream n.'),
  moreClientCertificates: family(
    'CLIENT_CERT_FILE',
    textSetting(),
    'As RELAY_UPSTREAM_CLIENT_CERT_FILE, for upstream n.',
  ),
  moreClientKeys: family(
    'CLIENT_KEY_FILE',
    textSetting(),
    'As RELAY_UPSTREAM_CLIENT_KEY_FILE, for upstream n.',
  ),
}

function family<S extends z.ZodType>(key: string, schema: S, description: string) {
  return settingFamily({
    name: `RELAY_UPSTREAM_<n>_${key}`,
    pattern: new RegExp(`RELAY_UPSTREAM_(?<number>[2-9])_${key}`),
    schema,
    description: `${description} n is 2 to 9.`,
  })
}

type Values<T> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never }
export type UpstreamValues = Values<typeof firstUpstreamSettings> &
  Values<typeof moreUpstreamSettings>

/** The upstreams that are enabled, and the problems of their settings. */
export function readUpstreams(values: Partial<UpstreamValues>): {
  upstreams: readonly UpstreamConfig[]
  problems: readonly ConfigProblem[]
} {
  const problems: ConfigProblem[] = []
  const drafts = [firstDraft(values), ...moreDrafts(values)]
  const upstreams = drafts.flatMap((draft) => complete(draft, problems))
  const names = new Set<string>()
  for (const { name: taken } of upstreams) {
    if (names.has(taken)) {
      const message = `two upstreams are named "${taken}"`
      problems.push({
        name: 'RELAY_UPSTREAM_NAME',
        message,
        hint: 'Set a unique name for each upstream.',
      })
    }
    names.add(taken)
  }
  return { upstreams, problems }
}

interface Draft {
  readonly prefix: string
  readonly enable: boolean | undefined
  readonly name: string | undefined
  readonly baseUrl: string | undefined
  readonly collectionId: string | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  readonly pollIntervalMs: number | undefined
  readonly queueTypes: UpstreamConfig['queueTypes'] | undefined
  readonly waitMs: number | undefined
  readonly files: ClientTlsPaths
}

function firstDraft(values: Partial<UpstreamValues>): Draft {
  return {
    prefix: 'RELAY_UPSTREAM_',
    enable: values.upstreamEnable,
    name: values.upstreamName,
    baseUrl: values.upstreamBaseUrl,
    collectionId: values.upstreamCollectionId,
    username: values.upstreamUsername,
    password: values.upstreamPassword,
    pollIntervalMs: values.upstreamPollInterval,
    queueTypes: values.upstreamQueueTypes,
    waitMs: values.upstreamWait,
    files: {
      CA_FILE: values.upstreamAuthorities,
      CLIENT_CERT_FILE: values.upstreamClientCertificate,
      CLIENT_KEY_FILE: values.upstreamClientKey,
    },
  }
}

function moreDrafts(values: Partial<UpstreamValues>): Draft[] {
  const members = [
    ...(values.moreNames ?? []),
    ...(values.moreEnable ?? []),
    ...(values.moreBaseUrls ?? []),
    ...(values.moreCollectionIds ?? []),
    ...(values.moreUsernames ?? []),
    ...(values.morePasswords ?? []),
    ...(values.morePollIntervals ?? []),
    ...(values.moreQueueTypes ?? []),
    ...(values.moreWaits ?? []),
    ...(values.moreAuthorities ?? []),
    ...(values.moreClientCertificates ?? []),
    ...(values.moreClientKeys ?? []),
  ]
  const numbers = new Set(members.map((member) => member.groups['number'] ?? ''))
  return [...numbers].toSorted().map((number) => {
    const of = <T>(members: readonly FamilyMember<T>[] | undefined): T | undefined =>
      members?.find((member) => member.groups['number'] === number)?.value
    return {
      prefix: `RELAY_UPSTREAM_${number}_`,
      enable: of(values.moreEnable),
      name: of(values.moreNames) ?? `upstream-${number}`,
      baseUrl: of(values.moreBaseUrls),
      collectionId: of(values.moreCollectionIds),
      username: of(values.moreUsernames),
      password: of(values.morePasswords),
      pollIntervalMs: of(values.morePollIntervals),
      queueTypes: of(values.moreQueueTypes),
      waitMs: of(values.moreWaits),
      files: {
        CA_FILE: of(values.moreAuthorities),
        CLIENT_CERT_FILE: of(values.moreClientCertificates),
        CLIENT_KEY_FILE: of(values.moreClientKeys),
      },
    }
  })
}

function complete(draft: Draft, problems: ConfigProblem[]): UpstreamConfig[] {
  const { prefix, baseUrl, collectionId, username, password } = draft
  if (draft.enable === false || (draft.enable === undefined && baseUrl === undefined)) return []
  const needed = {
    BASE_URL: baseUrl,
    COLLECTION_ID: collectionId,
    USERNAME: username,
    PASSWORD: password,
  }
  for (const [key, value] of Object.entries(needed)) {
    if (value !== undefined) continue
    const message = 'not set, but required for an upstream'
    problems.push({
      name: prefix + key,
      message,
      hint: `Set it, or disable this upstream with ${prefix}ENABLE=false.`,
    })
  }
  // Checked here, because messages from the schema of the setting quote the value, which may contain a password.
  const wrong = baseUrl === undefined ? undefined : baseUrlProblem(baseUrl)
  if (wrong !== undefined) problems.push({ name: `${prefix}BASE_URL`, message: wrong })
  const tls = clientTlsFiles(prefix, draft.files)
  problems.push(...clientTlsProblems(prefix, tls))
  if (baseUrl === undefined || collectionId === undefined) return []
  if (username === undefined || password === undefined || wrong !== undefined) return []
  return [
    {
      name: draft.name ?? 'upstream',
      baseUrl: withTaskApiPath(baseUrl),
      collectionId,
      username,
      password,
      pollIntervalMs: draft.pollIntervalMs ?? DEFAULTS.pollIntervalMs,
      queueTypes: draft.queueTypes ?? DEFAULTS.queueTypes,
      waitSeconds: (draft.waitMs ?? DEFAULTS.waitMs) / 1000,
      tls: Object.keys(tls).length === 0 ? undefined : tls,
    },
  ]
}

/** As the .NET relay does: what an operator gives is where the service is, perhaps below a path of its own. */
function withTaskApiPath(text: string): string {
  const url = taskApiBase(text)
  if (!/\/(?:link_connector_api|v\d+)$/.test(url.pathname)) {
    url.pathname = `${url.pathname}/link_connector_api`
  }
  return url.href
}

function baseUrlProblem(url: string): string | undefined {
  try {
    taskApiBase(url)
    return undefined
  } catch (error: unknown) {
    return error instanceof Error ? error.message : String(error)
  }
}
