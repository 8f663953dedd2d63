import { addressProblem, oneOf, portNumber, unknownName, wholeNumber } from './address-problem.ts'
import {
  DEFAULT_PORT,
  type PostgresAddress,
  type PostgresHost,
  type PostgresTls,
  type SessionTarget,
  type TlsMode,
  type TlsVersion,
} from './postgres-address.ts'
import { joinOptions, sessionOption } from './session-options.ts'
import { withoutUndefined } from './without-undefined.ts'

/** Connection parameters with the names and the meaning of libpq. If a value is a list, its last element counts, except for hosts. */
export type LibpqParameters = Readonly<Record<string, string | readonly string[]>>

const SUPPORTED = [
  'host',
  'port',
  'dbname',
  'user',
  'password',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslpassword',
  'ssl_min_protocol_version',
  'ssl_max_protocol_version',
  'connect_timeout',
  'target_session_attrs',
  'application_name',
  'options',
  'search_path',
  'keepalives',
  'keepalives_idle',
]
/** Accepted without an effect, so that a site can migrate without removing them. */
const IGNORED =
  /^(fallback_application_name|keepalives_(interval|count)|tcp_user_timeout|client_encoding|load_balance_hosts|sslsni|sslcompression|krbsrvname|gsslib|gssdelegation|uselibpqcompat)$/
/** Accepted with these values only, because others demand what Warren does not do. */
const HARMLESS_VALUES: Readonly<Record<string, readonly string[]>> = {
  gssencmode: ['disable', 'prefer'],
  channel_binding: ['disable', 'prefer'],
  sslnegotiation: ['postgres'],
  replication: ['false', 'off', 'no', '0'],
}

/** The environment variables of libpq, which count where a parameter is missing. */
const VARIABLES: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  options: 'PGOPTIONS',
}

const TLS_MODES: readonly TlsMode[] = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
]
const TLS_VERSIONS: readonly TlsVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']
const SESSIONS: readonly SessionTarget[] = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
]

/**
 * Reads connection parameters of libpq, and its environment variables where a parameter is missing.
 * @throws ProgramError that names the parameter
 */
export function readLibpqParameters(
  parameters: LibpqParameters,
  env: NodeJS.ProcessEnv = {},
): PostgresAddress {
  const given = singleValues(parameters)
  const get = (name: string): string | undefined => {
    const variable = VARIABLES[name]
    return given.get(name) ?? ((variable === undefined ? '' : env[variable]) || undefined)
  }
  const number = (name: string): number | undefined => {
    const text = get(name)
    return text === undefined ? undefined : wholeNumber(name, text)
  }
  const connectSeconds = number('connect_timeout')
  const keepAliveSeconds = get('keepalives') === '0' ? 0 : number('keepalives_idle')
  const session = get('target_session_attrs')
  const searchPath = get('search_path')
  return withoutUndefined({
    hosts: readHosts(get('host') ?? 'localhost', get('port')),
    database: get('dbname'),
    username: get('user'),
    password: get('password'),
    tls: readTls(get),
    session: session === undefined ? undefined : oneOf('target_session_attrs', session, SESSIONS),
    applicationName: get('application_name'),
    connectTimeoutMs: connectSeconds === undefined ? undefined : connectSeconds * 1000,
    keepAliveMs: keepAliveSeconds === undefined ? undefined : keepAliveSeconds * 1000,
    options: joinOptions(
      get('options'),
      searchPath === undefined ? undefined : sessionOption('search_path', searchPath),
    ),
  })
}

function singleValues(parameters: LibpqParameters): Map<string, string> {
  const single = new Map<string, string>()
  for (const [name, value] of Object.entries(parameters)) {
    if (IGNORED.test(name)) continue
    const harmless = Object.hasOwn(HARMLESS_VALUES, name) ? HARMLESS_VALUES[name] : undefined
    const text = typeof value === 'string' ? value : (value.at(-1) ?? '')
    if (harmless !== undefined) oneOf(name, text, harmless)
    else if (!SUPPORTED.includes(name)) throw unknownName('connection parameter', name, SUPPORTED)
    // SQLAlchemy, and with it the Python bunny, gives several hosts as a list.
    else single.set(name, name === 'host' && typeof value !== 'string' ? value.join(',') : text)
  }
  for (const [name, value] of single) if (value === '') single.delete(name)
  return single
}

/** Hosts and ports are lists of equal length, or there is one port for all. A host may contain its own port. */
function readHosts(hosts: string, ports: string | undefined): PostgresHost[] {
  const names = hosts.split(',').map((host) => host.trim())
  const numbers = (ports ?? '').split(',')
  if (numbers.length > 1 && numbers.length !== names.length) {
    throw addressProblem(`port has ${numbers.length} values for ${names.length} hosts`)
  }
  return names.map((name, index) => {
    const own = /^(?:\[(.+)\]|([^:/]+)):(\d+)$/.exec(name)
    const text = own?.[3] ?? (numbers.length === 1 ? numbers[0] : numbers[index]) ?? ''
    const host = own?.[1] ?? own?.[2] ?? name.replace(/^\[(.+)\]$/, '$1')
    return {
      host: host === '' ? 'localhost' : host,
      port: text.trim() === '' ? DEFAULT_PORT : portNumber('port', text),
    }
  })
}

function readTls(get: (name: string) => string | undefined): PostgresTls {
  const root = get('sslrootcert')
  // `system` means the trusted certificates of the system, which is the default of Node.js.
  const isSystem = root === 'system'
  const rootCertificate = isSystem ? undefined : root
  const mode = oneOf('sslmode', get('sslmode') ?? (isSystem ? 'verify-full' : 'prefer'), TLS_MODES)
  if (isSystem && mode !== 'verify-full') {
    throw addressProblem('sslrootcert=system requires sslmode=verify-full')
  }
  const version = (name: string): TlsVersion | undefined => {
    const text = get(name)
    const found = TLS_VERSIONS.find((known) => known.toLowerCase() === text?.toLowerCase())
    if (text === undefined || found !== undefined) return found
    throw addressProblem(`${name} is not one of ${TLS_VERSIONS.join(', ')}`)
  }
  return withoutUndefined({
    // As in libpq: with a root certificate, `require` verifies like `verify-ca`.
    mode: mode === 'require' && rootCertificate !== undefined ? 'verify-ca' : mode,
    rootCertificate,
    certificate: get('sslcert'),
    key: get('sslkey'),
    keyPassword: get('sslpassword'),
    minVersion: version('ssl_min_protocol_version'),
    maxVersion: version('ssl_max_protocol_version'),
  })
}
