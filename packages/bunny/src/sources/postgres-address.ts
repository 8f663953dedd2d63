import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'

import { ExitCode, ProgramError } from '@warren/runtime'
import type { ClientConfig } from 'pg'

/** The address and credentials of a PostgreSQL database. */
export interface PostgresAddress {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
  /** Default: from `~/.pgpass` or `PGPASSFILE`. */
  readonly password?: string
  /**
   * Connection parameters with the names and the meaning of libpq, from `DATASOURCE_DB_CONNECTION_QUERY`. For example:
   * `{ sslmode: 'verify-full', sslrootcert: '/etc/ca.pem' }`.
   */
  readonly parameters?: Readonly<Record<string, string | readonly string[]>>
}

/** One way of connecting. The next one is tried only if the server rejects the encryption of this one. */
export type PostgresAttempt = ClientConfig

const SUPPORTED_PARAMETERS = [
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'connect_timeout',
  'options',
]
/** Parameters of libpq without an effect here. They are accepted, so that a site can migrate without removing them. */
const IGNORED_PARAMETERS =
  /^(application_name|fallback_application_name|target_session_attrs|keepalives.*|tcp_user_timeout|gssencmode|channel_binding|client_encoding)$/

/** Reads `postgres://user:password@host:port/database?sslmode=…`. Missing parts come from `PGUSER`, `PGPASSWORD`, … */
export function parsePostgresAddress(url: string, env: NodeJS.ProcessEnv): PostgresAddress {
  const parsed = URL.parse(url)
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new ProgramError('the target is not a PostgreSQL URL', {
      exitCode: ExitCode.usage,
      hint: 'Use postgres://USER@HOST:5432/DATABASE, and set the password in PGPASSWORD or PGPASSFILE.',
    })
  }
  const parameters = Object.fromEntries(parsed.searchParams)
  const password = decodeURIComponent(parsed.password) || env['PGPASSWORD']
  const username = decodeURIComponent(parsed.username) || env['PGUSER'] || 'postgres'
  return {
    // `?host=/var/run/postgresql` is the folder of a Unix socket.
    host: parameters['host'] ?? (parsed.hostname || env['PGHOST'] || 'localhost'),
    port: Number(parsed.port || env['PGPORT'] || 5432),
    database: decodeURIComponent(parsed.pathname.slice(1)) || env['PGDATABASE'] || username,
    username,
    ...(password === undefined ? {} : { password }),
    parameters: Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== 'host')),
  }
}

/** The address for messages, without the password. */
export function formatAddress({ host, port, database }: PostgresAddress): string {
  return `postgresql://${host}:${port}/${database}`
}

/**
 * The ways of connecting to an address, in order. As in libpq, encryption is preferred but not required by default, so
 * that servers with and without TLS work without a parameter.
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
    // Firewalls drop idle connections. Without keepalives, a query on one would wait for the TCP timeout.
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
      // As in libpq: with a root certificate, `require` verifies like `verify-ca`.
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
    // `system` means the trusted certificates of the system, which is the default of Node.js.
    if (path === undefined || (name === 'sslrootcert' && path === 'system')) continue
    try {
      files[option] = readFileSync(path, 'utf8')
    } catch (error: unknown) {
      throw badParameter(`cannot read the file in ${name}: ${path}`, error)
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
      throw badParameter(`unknown database connection parameter "${name}"`)
    }
    const last = typeof value === 'string' ? value : value.at(-1)
    if (last !== undefined) single[name] = last
  }
  return single
}

/** Whole seconds, as in libpq. 0 means no timeout, which is one hour here. */
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
    hint: `Use one of: ${SUPPORTED_PARAMETERS.join(', ')}.`,
    cause,
  })
}
