import { describe, expect, it } from 'vitest'

import { ProgramError } from '@warren/runtime'
import {
  formatAddress,
  connectionAttempts,
  parsePostgresAddress,
  type PostgresAddress,
} from '../../src/sources/postgres-address.ts'

const DEFAULTS = { applicationName: 'test', connectTimeoutMs: 1000 }
const SITE: PostgresAddress = { host: 'db', port: 5432, database: 'omop', username: 'reader' }

const tls = (parameters: Record<string, string>): unknown[] =>
  connectionAttempts({ ...SITE, parameters }, DEFAULTS).map(({ ssl }) => ssl)

describe('the address of a PostgreSQL database', () => {
  it('is read from a URL', () => {
    expect(parsePostgresAddress('postgres://me:p%40ss@db:5433/omop?sslmode=require', {})).toEqual({
      host: 'db',
      port: 5433,
      database: 'omop',
      username: 'me',
      password: 'p@ss',
      parameters: { sslmode: 'require' },
    })
  })

  it('is completed from the environment variables of psql', () => {
    const env = { PGUSER: 'u', PGPASSWORD: 'secret', PGHOST: 'h', PGDATABASE: 'd', PGPORT: '6000' }
    expect(parsePostgresAddress('postgres://', env)).toMatchObject({
      host: 'h',
      port: 6000,
      database: 'd',
      username: 'u',
      password: 'secret',
    })
  })

  it('can be the folder of a Unix socket, which is never encrypted', () => {
    const address = parsePostgresAddress('postgres:///omop?host=/var/run/postgresql', {})
    expect(address.host).toBe('/var/run/postgresql')
    expect(connectionAttempts(address, DEFAULTS).map(({ ssl }) => ssl)).toEqual([false])
  })

  it('is printed without the password', () => {
    expect(formatAddress({ ...SITE, password: 'secret' })).toBe('postgresql://db:5432/omop')
  })
})

describe('encryption of the connection', () => {
  it('is preferred but not required by default, as in libpq', () => {
    expect(tls({})).toEqual([{ rejectUnauthorized: false }, false])
    expect(tls({ sslmode: 'disable' })).toEqual([false])
    expect(tls({ sslmode: 'require' })).toEqual([{ rejectUnauthorized: false }])
  })

  it('verifies the certificate and the host name with verify-full', () => {
    expect(tls({ sslmode: 'verify-full' })).toEqual([{}])
  })

  it('verifies the certificate but not the host name with verify-ca', () => {
    const [options] = tls({ sslmode: 'verify-ca' })
    expect(options).toHaveProperty('checkServerIdentity')
    expect(options).not.toHaveProperty('rejectUnauthorized')
  })

  it('rejects invalid parameters before connecting', () => {
    expect(() => tls({ sslmode: 'maybe' })).toThrow(ProgramError)
    expect(() => tls({ sslrootcert: '/no/such/file' })).toThrow(/sslrootcert/)
    expect(() => tls({ slmode: 'require' })).toThrow(/slmode/)
    expect(() => tls({ connect_timeout: 'soon' })).toThrow(/connect_timeout/)
  })

  it('ignores libpq parameters without an effect', () => {
    expect(() => tls({ target_session_attrs: 'any', keepalives_idle: '30' })).not.toThrow()
  })
})
