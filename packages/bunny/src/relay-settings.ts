import {
  choiceSetting,
  setting,
  settingFamily,
  textSetting,
  urlSetting,
  type ConfigProblem,
  type FamilyMember,
  type Setting,
} from '@warren/runtime'
import {
  clientTlsFiles,
  clientTlsProblems,
  taskApiBase,
  type ClientTlsFiles,
} from '@warren/task-api'
import type { z } from 'zod'
import { errorText } from './error-text.ts'

/** One collection at one relay: what to poll, with which credentials and certificates. */
export interface RelayConfig {
  /** In the log, if there are several. */
  readonly name: string
  readonly baseUrl: string
  readonly username: string
  readonly password: string
  readonly collectionId: string
  readonly type: 'a' | 'b' | undefined
  readonly tls: ClientTlsFiles
  /** Its variables that differ from those of the first relay, by the name that the first relay has. */
  readonly variables: Readonly<Record<string, string>>
}

const TYPES = choiceSetting(['a', 'b'])

/** The certificates of the first relay, and its name. */
export const firstRelaySettings = {
  relayName: setting({
    name: 'TASK_API_NAME',
    schema: textSetting(),
    default: 'relay',
    description: 'Name of the relay in the log.',
  }),
  authoritiesFile: setting({
    name: 'TASK_API_CA_FILE',
    schema: textSetting().optional(),
    description:
      'File or folder with certificates (PEM) of authorities to trust, in addition to those of the system. Read again when it changes.',
  }),
  clientCertificateFile: setting({
    name: 'TASK_API_CLIENT_CERT_FILE',
    schema: textSetting().optional(),
    description:
      'File with the certificate (PEM) with which the bunny authenticates to the relay, and intermediate certificates. Read again when it changes.',
  }),
  clientKeyFile: setting({
    name: 'TASK_API_CLIENT_KEY_FILE',
    schema: textSetting().optional(),
    description:
      'File with the private key (PEM, without a passphrase) of TASK_API_CLIENT_CERT_FILE.',
  }),
}

/** The second to the ninth collection or relay: `TASK_API_2_COLLECTION_ID` and so on. */
export const moreRelaySettings = {
  moreNames: family('NAME', textSetting(), 'Name of relay n in the log. Default: relay-n.'),
  moreBaseUrls: family(
    'BASE_URL',
    urlSetting(['https', 'http']),
    'URL of relay n. Default: TASK_API_BASE_URL, for another collection at the same relay.',
  ),
  moreUsernames: family(
    'USERNAME',
    textSetting(),
    'User name at relay n. Default: TASK_API_USERNAME.',
  ),
  morePasswords: settingFamily({
    name: 'TASK_API_<n>_PASSWORD',
    pattern: /TASK_API_(?<number>[2-9])_PASSWORD/,
    schema: textSetting(),
    secret: true,
    description:
      'Password at relay n. Default: TASK_API_PASSWORD, if the user name is the same. n is 2 to 9.',
  }),
  moreCollectionIds: settingFamily({
    name: 'TASK_API_<n>_COLLECTION_ID',
    pattern: /TASK_API_(?<number>[2-9])_COLLECTION_ID/,
    schema: textSetting(),
    secret: true,
    identifier: true,
    description:
      'Collection ID at relay n: one more collection to answer for, from the same database. n is 2 to 9.',
  }),
  moreTypes: family('TYPE', TYPES, 'Tasks to poll for at relay n: a, b, or unset for both.'),
  moreAuthorities: family(
    'CA_FILE',
    textSetting(),
    'As TASK_API_CA_FILE, for relay n. Default: TASK_API_CA_FILE.',
  ),
  moreClientCertificates: family(
    'CLIENT_CERT_FILE',
    textSetting(),
    'As TASK_API_CLIENT_CERT_FILE, for relay n. Default: that of the first relay, if it is the same relay.',
  ),
  moreClientKeys: family('CLIENT_KEY_FILE', textSetting(), 'Its private key.'),
}

function family<S extends z.ZodType>(key: string, schema: S, description: string) {
  return settingFamily({
    name: `TASK_API_<n>_${key}`,
    pattern: new RegExp(`TASK_API_(?<number>[2-9])_${key}`),
    schema,
    description: `${description} n is 2 to 9.`,
  })
}

type Values<T> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never }

/** The settings of all relays, as they are read. */
export type RelayValues = Values<typeof firstRelaySettings> &
  Values<typeof moreRelaySettings> & {
    readonly taskApiBaseUrl: string
    readonly taskApiUsername: string
    readonly taskApiPassword: string
    readonly collectionId: string
    readonly taskApiType: 'a' | 'b' | undefined
    readonly enforceHttps: boolean
  }

/** Any of them may be missing or invalid. */
type GivenValues = { readonly [K in keyof RelayValues]?: RelayValues[K] | undefined }

/** The relays in a valid configuration, the first one first. */
export const relaysOf = (values: RelayValues): readonly RelayConfig[] =>
  readRelays(values).flatMap(({ relay }) => (relay === undefined ? [] : [relay]))

/** The collections that the settings name, also where credentials are missing. */
export function collectionsIn(
  values: GivenValues,
): (Pick<RelayConfig, 'name' | 'baseUrl' | 'collectionId' | 'type'> & { isFirst: boolean })[] {
  return readDrafts(values).flatMap(({ prefix, name, baseUrl, collectionId, type }) =>
    baseUrl === undefined || collectionId === undefined
      ? []
      : [{ name, baseUrl, collectionId, type, isFirst: prefix === FIRST_PREFIX }],
  )
}

/** What is wrong with the settings of the relays. */
export function relayProblems(values: GivenValues): ConfigProblem[] {
  const read = readRelays(values)
  const problems = read.flatMap((one) => one.problems)
  const seen = new Map<string, string>()
  for (const { prefix, relay } of read) {
    if (relay === undefined) continue
    const { baseUrl, collectionId, type } = relay
    const url = URL.canParse(baseUrl) ? new URL(baseUrl).href.replace(/\/$/, '') : baseUrl
    for (const kind of type === undefined ? ['a', 'b'] : [type]) {
      const key = JSON.stringify([url, collectionId, kind])
      const other = seen.get(key)
      if (other !== undefined) {
        problems.push({
          name: `${prefix}COLLECTION_ID`,
          message: `is the same collection at the same relay as ${other}`,
          hint: 'Remove one of them.',
        })
        break
      }
      seen.set(key, prefix === FIRST_PREFIX ? 'COLLECTION_ID' : `${prefix}COLLECTION_ID`)
    }
  }
  return problems
}

interface ReadRelay {
  /** Of its variables. */
  readonly prefix: string
  /** Absent if a value is missing. */
  readonly relay: RelayConfig | undefined
  readonly problems: readonly ConfigProblem[]
}

function readRelays(values: GivenValues): ReadRelay[] {
  return readDrafts(values).map((draft) => complete(draft, values.enforceHttps ?? true))
}

function readDrafts(values: GivenValues): Draft[] {
  const first = firstDraft(values)
  return [first, ...moreDrafts(values, first)]
}

const FIRST_PREFIX = 'TASK_API_'

interface Draft extends Partial<Omit<RelayConfig, 'tls' | 'type'>> {
  readonly prefix: string
  readonly name: string
  readonly variables: Readonly<Record<string, string>>
  readonly type: 'a' | 'b' | undefined
  readonly tls: ClientTlsFiles
  /** Of its own variables. */
  readonly ownTls: ClientTlsFiles
  /** The default of the base URL, which has its problem reported already. */
  readonly inheritsUrl: boolean
}

function firstDraft(values: GivenValues): Draft {
  const { taskApiBaseUrl, taskApiUsername, taskApiPassword, collectionId } = values
  const prefix = FIRST_PREFIX
  const tls = clientTlsFiles(prefix, {
    CA_FILE: values.authoritiesFile,
    CLIENT_CERT_FILE: values.clientCertificateFile,
    CLIENT_KEY_FILE: values.clientKeyFile,
  })
  return {
    prefix,
    name: values.relayName ?? 'relay',
    variables: {},
    type: values.taskApiType,
    inheritsUrl: false,
    tls,
    ownTls: tls,
    ...(taskApiBaseUrl === undefined ? {} : { baseUrl: taskApiBaseUrl }),
    ...(taskApiUsername === undefined ? {} : { username: taskApiUsername }),
    ...(taskApiPassword === undefined ? {} : { password: taskApiPassword }),
    ...(collectionId === undefined ? {} : { collectionId }),
  }
}

function moreDrafts(values: GivenValues, first: Draft): Draft[] {
  const members: FamilyMember<unknown>[] = [
    ...(values.moreNames ?? []),
    ...(values.moreBaseUrls ?? []),
    ...(values.moreUsernames ?? []),
    ...(values.morePasswords ?? []),
    ...(values.moreCollectionIds ?? []),
    ...(values.moreTypes ?? []),
    ...(values.moreAuthorities ?? []),
    ...(values.moreClientCertificates ?? []),
    ...(values.moreClientKeys ?? []),
  ]
  const numbers = new Set(members.map((member) => member.groups['number'] ?? ''))
  return [...numbers].toSorted().map((number) => {
    const of = <T>(list: readonly FamilyMember<T>[] | undefined): T | undefined =>
      list?.find((member) => member.groups['number'] === number)?.value
    const prefix = `TASK_API_${number}_`
    const ownUrl = of(values.moreBaseUrls)
    const ownUser = of(values.moreUsernames)
    const baseUrl = ownUrl ?? first.baseUrl
    // A password is never sent to another server, or for another user, than it was configured for.
    const isSameServer =
      baseUrl !== undefined && first.baseUrl !== undefined && sameOrigin(baseUrl, first.baseUrl)
    const username = ownUser ?? (isSameServer ? first.username : undefined)
    const isSameLogin = isSameServer && username === first.username
    const ownPassword = of(values.morePasswords)
    const password = ownPassword ?? (isSameLogin ? first.password : undefined)
    const collectionId = of(values.moreCollectionIds)
    const own = clientTlsFiles(prefix, {
      CA_FILE: of(values.moreAuthorities),
      CLIENT_CERT_FILE: of(values.moreClientCertificates),
      CLIENT_KEY_FILE: of(values.moreClientKeys),
    })
    const { authorities, ...pair } = first.tls
    const isOwnPair = own.certificate !== undefined || own.key !== undefined
    return {
      prefix,
      name: of(values.moreNames) ?? `relay-${number}`,
      type: of(values.moreTypes),
      inheritsUrl: ownUrl === undefined,
      variables: variablesOf(prefix, {
        BASE_URL: ownUrl,
        USERNAME: ownUser,
        PASSWORD: ownPassword,
        COLLECTION_ID: collectionId,
        CA_FILE: own.authorities,
        CLIENT_CERT_FILE: own.certificate,
        CLIENT_KEY_FILE: own.key,
      }),
      tls: {
        ...(authorities === undefined ? {} : { authorities }),
        ...(isSameServer && !isOwnPair ? pair : {}),
        ...own,
      },
      ownTls: own,
      ...(baseUrl === undefined ? {} : { baseUrl }),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(collectionId === undefined ? {} : { collectionId }),
    }
  })
}

function variablesOf(
  prefix: string,
  own: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const set = Object.keys(own).filter((key) => own[key] !== undefined)
  return Object.fromEntries(set.map((key) => [firstName(key), prefix + key]))
}

const firstName = (key: string): string => (key === 'COLLECTION_ID' ? key : `${FIRST_PREFIX}${key}`)

function complete(draft: Draft, enforceHttps: boolean): ReadRelay {
  const { prefix, name, type, tls, variables, baseUrl, username, password, collectionId } = draft
  const problems: ConfigProblem[] = [
    ...(baseUrl === undefined || draft.inheritsUrl
      ? []
      : urlProblems(`${prefix}BASE_URL`, baseUrl, enforceHttps)),
    ...clientTlsProblems(prefix, draft.ownTls),
  ]
  // The loader reports what the first relay lacks.
  if (prefix !== FIRST_PREFIX) {
    const needed = { COLLECTION_ID: collectionId, USERNAME: username, PASSWORD: password }
    for (const [key, value] of Object.entries(needed)) {
      if (value !== undefined) continue
      problems.push({
        name: prefix + key,
        message: `not set, but required for relay ${name}`,
        hint: `Set it, or remove all variables that begin with ${prefix}.`,
      })
    }
  }
  if (baseUrl === undefined || username === undefined) return { prefix, relay: undefined, problems }
  if (password === undefined || collectionId === undefined) {
    return { prefix, relay: undefined, problems }
  }
  return {
    prefix,
    relay: { name, baseUrl, username, password, collectionId, type, tls, variables },
    problems,
  }
}

function urlProblems(name: string, url: string, enforceHttps: boolean): ConfigProblem[] {
  try {
    taskApiBase(url)
  } catch (error: unknown) {
    return [{ name, message: errorText(error) }]
  }
  if (!enforceHttps || usesHttps(url)) return []
  return [
    {
      name,
      message: 'HTTPS is required for the task API but not used',
      hint: 'Use an https URL. Set TASK_API_ENFORCE_HTTPS=false only if the network path to the relay is protected in another way.',
    },
  ]
}

export const usesHttps = (url: string): boolean => URL.parse(url)?.protocol === 'https:'

const sameOrigin = (one: string, other: string): boolean =>
  URL.parse(one)?.origin === URL.parse(other)?.origin
