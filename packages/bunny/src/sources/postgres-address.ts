import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'

import { ExitCode, ProgramError } from '@warren/runtime'
import type { ClientConfig } from 'pg'

/** Where a PostgreSQL database is and how to get in. */
export interface PostgresAddress {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
  /** Without one, `~/.pgpass` and `PGPASSFILE` are looked at. */
  readonly password?: string
  /**
   * Connection parameters by their libpq names and with libpq's meaning, as sites have them in
   * `DATASOURCE_DB_CONNECTION_QUERY`, e.g. `{ sslmode: 'verify-full', sslrootcert: '/etc/ca.pem' }`.
   */
  readonly parameters?: Readonly<Record<string, string | readonly string[]>>
}

/** One way of connecting; tried in order until one is not turned down for its encryption. */
export type PostgresAttempt = ClientConfig

const SUPPORTED_PARAMETERS = [
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'connect_timeout',
  'options',
]
/** Parameters of libpq that have nothing to act on here; refusing them would stop a working site from changing over. */
const IGNORED_PARAMETERS =
  /^(application_name|fallback_application_name|target_session_attrs|keepalives.*|tcp_user_timeout|gssencmode|channel_binding|client_encoding)$/

/** Reads `postgres://user:password@host:port/database?sslmode=…`; what is absent comes from `PGUSER`, `PGPASSWORD`, … */
export function parsePostgresAddress(url: string, env: NodeJS.ProcessEnv): PostgresAddress {
  const parsed = URL.parse(url)
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new ProgramError('not a PostgreSQL URL', {
      exitCode: ExitCode.usage,
      hint: 'write postgres://USER@HOST:5432/DATABASE and put the password into PGPASSWORD or PGPASSFILE',
    })
  }
  const parameters = Object.fromEntries(parsed.searchParams)
  const password = decodeURIComponent(parsed.password) || env['PGPASSWORD']
  const username = decodeURIComponent(parsed.username) || env['PGUSER'] || 'postgres'
  return {
    // `?host=/var/run/postgresql` is how a URL names the folder of a Unix socket.
    host: parameters['host'] ?? (parsed.hostname || env['PGHOST'] || 'localhost'),
    port: Number(parsed.port || env['PGPORT'] || 5432),
    database: decodeURIComponent(parsed.pathname.slice(1)) || env['PGDATABASE'] || username,
    username,
    ...(password === undefined ? {} : { password }),
    parameters: Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== 'host')),
  }
}

/** For a person: which database was meant, without the password. */
export function formatAddress({ host, port, database }: PostgresAddress): string {
  return `postgresql://${host}:${port}/${database}`
}

/**
 * The ways of connecting to this address. As in libpq, encryption is preferred but not required unless `sslmode` says
 * so, so that a server that demands TLS and one that has none both work without a setting.
 */
export function connectionAttempts(
  address: PostgresAddress,
  defaults: { applicationName: string; connectTimeoutMs: number },
): readonly PostgresAttempt[] {
  const parameters = singleValues(address.parameters ?? {})
  const timeout = parameters['connect_timeout']
  const base: ClientConfig = {
    host: address.host,
    port: address.port,
    database: address.database,
    user: address.username,
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(parameters['options'] === undefined ? {} : { options: parameters['options'] }),
    application_name: defaults.applicationName,
    connectionTimeoutMillis:
      timeout === undefined ? defaults.connectTimeoutMs : connectTimeoutMs(timeout),
    // Firewalls forget silent connections; without this a query on one waits for the TCP timeout.
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
  }
  return tlsAttempts(address.host, parameters).map((ssl) => ({ ...base, ssl }))
}

function tlsAttempts(
  host: string,
  parameters: Readonly<Record<string, string>>,
): readonly (ConnectionOptions | false)[] {
  const mode = parameters['sslmode'] ?? 'prefer'
  const files = tlsFiles(parameters)
  const anyName = { checkServerIdentity: () => undefined }
  if (host.startsWith('/')) return [false]
  switch (mode) {
    case 'disable':
      return [false]
    case 'allow':
      return [false, { ...files, rejectUnauthorized: false }]
    case 'prefer':
      return [{ ...files, rejectUnauthorized: false }, false]
    case 'require':
      // libpq: with a root certificate given, `require` verifies like `verify-ca`.
      return files.ca === undefined
        ? [{ ...files, rejectUnauthorized: false }]
        : [{ ...files, ...anyName }]
    case 'verify-ca':
      return [{ ...files, ...anyName }]
    case 'verify-full':
      return [files]
    default:
      throw badParameter(
        'sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full',
      )
  }
}

function tlsFiles(parameters: Readonly<Record<string, string>>): ConnectionOptions {
  const files: ConnectionOptions = {}
  for (const [name, option] of [
    ['sslrootcert', 'ca'],
    ['sslcert', 'cert'],
    ['sslkey', 'key'],
  ] as const) {
    const path = parameters[name]
    // libpq's name for the certificates that the system trusts, which is what Node does without `ca`.
    if (path === undefined || (name === 'sslrootcert' && path === 'system')) continue
    try {
      files[option] = readFileSync(path, 'utf8')
    } catch (error: unknown) {
      throw badParameter(`the file of ${name} cannot be read: ${path}`, error)
    }
  }
  return files
}

function singleValues(
  parameters: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string> {
  const single: Record<string, string> = {}
  for (const [name, value] of Object.entries(parameters)) {
    if (IGNORED_PARAMETERS.test(name)) continue
    if (!SUPPORTED_PARAMETERS.includes(name)) {
      throw badParameter(`unknown database connection parameter ${name}`)
    }
    const last = typeof value === 'string' ? value : value.at(-1)
    if (last !== undefined) single[name] = last
  }
  return single
}

/** libpq counts seconds; 0 means without end, which is bounded to an hour here. */
function connectTimeoutMs(seconds: string): number {
  const value = Number(seconds)
  if (!Number.isInteger(value) || value < 0) {
    throw badParameter('connect_timeout must be a whole number of seconds')
  }
  return value === 0 ? 3_600_000 : value * 1000
}

function badParameter(message: string, cause?: unknown): ProgramError {
  return new ProgramError(message, {
    exitCode: ExitCode.config,
    hint: `parameters that are understood: ${SUPPORTED_PARAMETERS.join(', ')}`,
    cause,
  })
}
