/** Where a PostgreSQL is and how to connect to it, whatever text it was read from. */
export interface PostgresAddress {
  /** At least one. They are tried in this order. */
  readonly hosts: readonly PostgresHost[]
  /** Default: the name of the user. */
  readonly database?: string
  /** Default: `PGUSER`, or the user of the process. */
  readonly username?: string
  /** Default: from `~/.pgpass` or `PGPASSFILE`. */
  readonly password?: string
  readonly tls: PostgresTls
  /** Which hosts are used. Default: any. */
  readonly session?: SessionTarget
  readonly applicationName?: string
  /** Per host. 0: no timeout. */
  readonly connectTimeoutMs?: number
  /** 0: no timeout. */
  readonly statementTimeoutMs?: number
  /** How long a connection is idle before TCP checks it. 0: never. */
  readonly keepAliveMs?: number
  readonly maxConnections?: number
  /** Settings of the session, as `-c search_path=hub`. */
  readonly options?: string
}

export interface PostgresHost {
  /** A name, an IP address without brackets, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
}

/** When the connection is encrypted, and what is verified: with the words and the meaning of libpq. */
export type TlsMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export interface PostgresTls {
  readonly mode: TlsMode
  /** File of the trusted certificates. Default: those that Node.js trusts. */
  readonly rootCertificate?: string
  /** File of the client certificate. */
  readonly certificate?: string
  /** File of the key of the client certificate. */
  readonly key?: string
  readonly keyPassword?: string
  readonly minVersion?: TlsVersion
  readonly maxVersion?: TlsVersion
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

/** `prefer-…`: any, if no host is of that kind. */
export type SessionTarget =
  'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-primary' | 'prefer-standby'

export const DEFAULT_PORT = 5432

/** The address for messages, without user and password. */
export function formatAddress({ hosts, database, username }: PostgresAddress): string {
  const name = database ?? username
  return `postgresql://${hosts.map(formatHost).join(',')}${name === undefined ? '' : `/${name}`}`
}

export function formatHost({ host, port }: PostgresHost): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
