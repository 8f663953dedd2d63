import { nearestName } from '@warren/runtime'

import { addressProblem, oneOf, portNumber, wholeNumber } from './address-problem.ts'
import { canonicalKey, readConnectionStringPairs } from './connection-string-pairs.ts'
import {
  DEFAULT_PORT,
  type PostgresAddress,
  type PostgresHost,
  type PostgresTls,
  type SessionTarget,
  type TlsMode,
} from './postgres-address.ts'
import { joinOptions, sessionOption } from './session-options.ts'
import { withoutUndefined } from './without-undefined.ts'

/** Keys with an effect, each with its other spellings. */
const SUPPORTED = {
  Host: ['Server', 'Data Source'],
  Port: [],
  Database: ['DB'],
  Username: ['User Name', 'User ID', 'User', 'UID'],
  Password: ['PSW', 'PWD'],
  'SSL Mode': [],
  'Trust Server Certificate': [],
  'Root Certificate': [],
  'SSL Certificate': ['Client Certificate'],
  'SSL Key': ['Client Certificate Key'],
  'SSL Password': [],
  'Search Path': [],
  Options: [],
  Timezone: [],
  'Application Name': [],
  Timeout: [],
  'Command Timeout': [],
  Keepalive: [],
  'TCP Keepalive Time': [],
  'Maximum Pool Size': ['Max Pool Size'],
  'Target Session Attributes': [],
} as const
type Key = keyof typeof SUPPORTED

/** Accepted without an effect: how Npgsql manages its pool, its buffers and its types. */
const IGNORED = [
  'Pooling',
  'Minimum Pool Size',
  'Min Pool Size',
  'Connection Idle Lifetime',
  'Connection Pruning Interval',
  'Connection Lifetime',
  'Load Balance Timeout',
  'Load Balance Hosts',
  'Host Recheck Seconds',
  'Multiplexing',
  'Write Coalescing Buffer Threshold Bytes',
  'No Reset On Close',
  'Enlist',
  'Persist Security Info',
  'Include Error Detail',
  'Include Error Details',
  'Log Parameters',
  'Internal Command Timeout',
  'Cancellation Timeout',
  'TCP Keepalive',
  'TCP Keepalive Interval',
  'Max Auto Prepare',
  'Auto Prepare Min Usages',
  'Read Buffer Size',
  'Write Buffer Size',
  'Socket Receive Buffer Size',
  'Socket Send Buffer Size',
  'Load Table Composites',
  'Array Nullability Mode',
  'Use Perf Counters',
  'Convert Infinity DateTime',
  'Encoding',
  'Client Encoding',
  'EF Template Database',
  'EF Admin Database',
  'Kerberos Service Name',
  'Include Realm',
]
/** Accepted with these values only, because others demand what Warren does not do. */
const HARMLESS_VALUES: Readonly<Record<string, readonly string[]>> = {
  'Channel Binding': ['disable', 'prefer'],
  'GSS Encryption Mode': ['disable', 'prefer'],
  'SSL Negotiation': ['postgres'],
  'Check Certificate Revocation': ['false'],
  'Integrated Security': ['false'],
  'Server Compatibility Mode': ['none', 'notypeloading'],
  'Replication Mode': ['off'],
}

/** Not supported, with what to do instead. */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  Passfile: 'Set the environment variable PGPASSFILE to the path of the file.',
  'Require Auth': 'Remove it, and limit the authentication in pg_hba.conf of the server.',
}

const TLS_MODES: Readonly<Record<string, TlsMode>> = {
  Disable: 'disable',
  Allow: 'allow',
  Prefer: 'prefer',
  Require: 'require',
  VerifyCA: 'verify-ca',
  VerifyFull: 'verify-full',
}
const SESSIONS: Readonly<Record<string, SessionTarget>> = {
  Any: 'any',
  Primary: 'primary',
  Standby: 'standby',
  PreferPrimary: 'prefer-primary',
  PreferStandby: 'prefer-standby',
  ReadWrite: 'read-write',
  ReadOnly: 'read-only',
}

/**
 * Reads a connection string of Npgsql, the PostgreSQL driver of .NET, with the meaning it has there:
 * `Host=…;Username=…;Password=…`.
 * @throws ProgramError that names the key, and contains no value
 */
export function parseNpgsqlConnectionString(text: string, env: NodeJS.ProcessEnv): PostgresAddress {
  const values = readKeys(text)
  const get = (key: Key): string | undefined => values.get(key)
  const seconds = (key: Key): number | undefined => {
    const value = get(key)
    return value === undefined ? undefined : wholeNumber(key, value) * 1000
  }
  const hosts = get('Host')
  if (hosts === undefined) {
    throw addressProblem(
      'Host is missing',
      'Use Host=HOST;Database=DATABASE;Username=USER;Password=PASSWORD.',
    )
  }
  const poolSize = get('Maximum Pool Size')
  const session = get('Target Session Attributes')
  const option = (key: Key, name: string): string | undefined => {
    const value = get(key)
    return value === undefined ? undefined : sessionOption(name, value)
  }
  return withoutUndefined({
    hosts: readHosts(hosts, get('Port')),
    database: get('Database'),
    username: get('Username') ?? (env['PGUSER'] || undefined),
    password: get('Password') ?? (env['PGPASSWORD'] || undefined),
    tls: readTls(get),
    session:
      session === undefined ? undefined : word('Target Session Attributes', session, SESSIONS),
    applicationName: get('Application Name'),
    connectTimeoutMs: seconds('Timeout'),
    statementTimeoutMs: seconds('Command Timeout'),
    keepAliveMs: seconds('Keepalive') ?? seconds('TCP Keepalive Time'),
    maxConnections: poolSize === undefined ? undefined : wholeNumber('Maximum Pool Size', poolSize),
    options: joinOptions(
      get('Options'),
      option('Search Path', 'search_path'),
      option('Timezone', 'TimeZone'),
    ),
  })
}

function readKeys(text: string): Map<Key, string> {
  const values = new Map<Key, string>()
  for (const { key, value } of readConnectionStringPairs(text)) {
    const known = KEYS.get(canonicalKey(key))
    if (known !== undefined) values.set(known, value)
    else checkHarmless(key, value)
  }
  return values
}

const KEYS: ReadonlyMap<string, Key> = new Map(
  Object.entries(SUPPORTED).flatMap(([key, others]) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    [key, ...others].map((name) => [canonicalKey(name), key as Key]),
  ),
)

function checkHarmless(key: string, value: string): void {
  const isSame = (known: string): boolean => canonicalKey(known) === canonicalKey(key)
  if (IGNORED.some(isSame)) return
  const harmless = Object.keys(HARMLESS_VALUES).find(isSame)
  if (harmless !== undefined) {
    oneOf(harmless, value, HARMLESS_VALUES[harmless] ?? [])
    return
  }
  const supported = Object.keys(SUPPORTED)
  const replaced = Object.keys(REPLACEMENTS).find(isSame)
  const nearest = nearestName(key, [...supported, ...IGNORED])
  const advice =
    nearest === undefined
      ? `Remove it, or use one of: ${supported.join(', ')}.`
      : `Did you mean ${nearest}?`
  throw addressProblem(
    `"${key}" is not a supported key of a connection string`,
    replaced === undefined ? advice : REPLACEMENTS[replaced],
  )
}

function word<T>(key: Key, text: string, words: Readonly<Record<string, T>>): T {
  const found = Object.entries(words).find(([spelling]) => plainWord(spelling) === plainWord(text))
  if (found === undefined)
    throw addressProblem(`${key} is not one of ${Object.keys(words).join(', ')}`)
  return found[1]
}

function plainWord(text: string): string {
  return text.toLowerCase().replaceAll(/[\s_-]/g, '')
}

function readHosts(hosts: string, port: string | undefined): PostgresHost[] {
  const common = port === undefined ? DEFAULT_PORT : portNumber('Port', port)
  return hosts.split(',').map((entry) => {
    const text = entry.trim()
    if (text === '' || text.startsWith('@')) {
      throw addressProblem('Host contains an empty name or an abstract socket')
    }
    // An IPv6 address may be written without brackets: `::1`. With a port, it needs them: `[::1]:5433`.
    const own = /^(?:\[([^\]]+)\]|([^:/]+)):(\d+)$/.exec(text)
    const host = own?.[1] ?? own?.[2] ?? text.replace(/^\[(.+)\]$/, '$1')
    return { host, port: own?.[3] === undefined ? common : portNumber('Host', own[3]) }
  })
}

function readTls(get: (key: Key) => string | undefined): PostgresTls {
  const mode = word('SSL Mode', get('SSL Mode') ?? 'Prefer', TLS_MODES)
  const verifies = mode === 'verify-ca' || mode === 'verify-full'
  const trusts = oneOf('Trust Server Certificate', get('Trust Server Certificate') ?? 'false', [
    'true',
    'false',
  ])
  if (verifies && trusts === 'true') {
    throw addressProblem(
      'Trust Server Certificate=true contradicts the verification that SSL Mode demands',
      'Remove Trust Server Certificate, or use SSL Mode=Require.',
    )
  }
  return withoutUndefined({
    mode,
    // Npgsql verifies nothing in the other modes.
    rootCertificate: verifies ? get('Root Certificate') : undefined,
    certificate: get('SSL Certificate'),
    key: get('SSL Key'),
    keyPassword: get('SSL Password'),
  })
}
