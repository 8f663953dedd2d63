import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import pgpass from 'pgpass'
import type { ClientConfig } from 'pg'

import { addressProblem } from './address-problem.ts'
import {
  formatHost,
  type PostgresAddress,
  type PostgresHost,
  type PostgresTls,
  type SessionTarget,
} from './postgres-address.ts'

/** One host, asked for one kind of session, with the ways of connecting to it. */
export interface HostAttempt {
  readonly host: PostgresHost
  readonly session: Exclude<SessionTarget, 'prefer-primary' | 'prefer-standby'>
  /** In order. The next one is tried only if the encryption of this one failed. */
  readonly ways: readonly ConnectionWay[]
}

export interface ConnectionWay {
  /** The host, and whether the connection is encrypted if that varies. For messages. */
  readonly label: string
  readonly config: ClientConfig
}

/** Defaults for what the address does not contain. */
export interface ConnectionDefaults {
  readonly applicationName: string
  /** Per host. */
  readonly connectTimeoutMs: number
  readonly session?: SessionTarget
}

const KEEP_ALIVE_MS = 30_000

/**
 * The ways of connecting to an address, in order. Reads the files of certificates.
 * @throws ProgramError for a file that cannot be read
 */
export function connectionAttempts(
  address: PostgresAddress,
  defaults: ConnectionDefaults,
): readonly HostAttempt[] {
  const { hosts, tls } = address
  const files = readTlsFiles(tls)
  return sessionPasses(address.session ?? defaults.session ?? 'any').flatMap((session) =>
    hosts.map((host) => {
      const encryptions = encryptionsFor(host, tls, files)
      const ways = encryptions.map((ssl) => ({
        label:
          formatHost(host) +
          (encryptions.length === 1 ? '' : ssl === false ? ' without TLS' : ' with TLS'),
        config: { ...clientConfig(address, host, defaults), ssl },
      }))
      return { host, session, ways }
    }),
  )
}

/** `prefer-primary` is a primary, or else any. */
function sessionPasses(target: SessionTarget): HostAttempt['session'][] {
  if (target === 'prefer-primary') return ['primary', 'any']
  if (target === 'prefer-standby') return ['standby', 'any']
  return [target]
}

function clientConfig(
  address: PostgresAddress,
  { host, port }: PostgresHost,
  defaults: ConnectionDefaults,
): ClientConfig {
  const { username, options, connectTimeoutMs, keepAliveMs = KEEP_ALIVE_MS } = address
  const database = address.database ?? username
  return {
    host,
    port,
    ...(database === undefined ? {} : { database }),
    ...(username === undefined ? {} : { user: username }),
    password: address.password ?? (() => savedPassword(address, { host, port })),
    ...(options === undefined ? {} : { options }),
    application_name: address.applicationName ?? defaults.applicationName,
    ...(connectTimeoutMs === undefined ? {} : { connectionTimeoutMillis: connectTimeoutMs }),
    // Firewalls drop idle connections. Without keepalives, a query on one would wait for the TCP timeout.
    keepAlive: keepAliveMs > 0,
    keepAliveInitialDelayMillis: keepAliveMs,
  }
}

// pg reads the file too, but with a warning that it will not in the future.
function savedPassword(
  { database, username = '' }: PostgresAddress,
  { host, port }: PostgresHost,
): Promise<string> {
  return new Promise((resolve) => {
    pgpass({ host, port, database: database ?? username, user: username }, (password) =>
      resolve(password ?? ''),
    )
  })
}

function encryptionsFor(
  { host }: PostgresHost,
  { mode }: PostgresTls,
  files: ConnectionOptions,
): readonly (ConnectionOptions | false)[] {
  // A Unix socket is never encrypted.
  if (host.startsWith('/')) return [false]
  const unverified = { ...files, rejectUnauthorized: false }
  switch (mode) {
    case 'disable':
      return [false]
    case 'allow':
      return [false, unverified]
    case 'prefer':
      return [unverified, false]
    case 'require':
      return [unverified]
    case 'verify-ca':
      return [{ ...files, checkServerIdentity: () => undefined }]
    case 'verify-full':
      return [files]
    default:
      return mode satisfies never
  }
}

function readTlsFiles(tls: PostgresTls): ConnectionOptions {
  if (tls.mode === 'disable') return {}
  const { keyPassword, minVersion, maxVersion } = tls
  const files: ConnectionOptions = {
    ...(keyPassword === undefined ? {} : { passphrase: keyPassword }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  }
  for (const [file, option, meaning] of [
    [tls.rootCertificate, 'ca', 'root certificate'],
    [tls.certificate, 'cert', 'client certificate'],
    [tls.key, 'key', 'key of the client certificate'],
  ] as const) {
    if (file === undefined) continue
    try {
      files[option] = readFileSync(file, 'utf8')
    } catch (error: unknown) {
      throw addressProblem(
        `cannot read the ${meaning} of the database connection: ${file}`,
        'Check the path, and that this user can read the file.',
        error,
      )
    }
  }
  return files
}
