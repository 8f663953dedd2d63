import { ProgramError } from '@warren/runtime'
import { describe, expect, it } from 'vitest'

import { formatAddress, parsePostgresAddress, readLibpqParameters } from '../../src/index.ts'

const PLAIN = { tls: { mode: 'prefer' } }
const host = (name: string, port = 5432) => ({ host: name, port })

function problemOf(text: string): { message: string; hint: string | undefined } {
  try {
    parsePostgresAddress(text)
  } catch (error: unknown) {
    if (error instanceof ProgramError) return { message: error.message, hint: error.hint }
    throw error
  }
  throw new Error('was accepted')
}

describe('a postgres:// URL', () => {
  it.each([
    ['postgres://me:p%40ss@db:5433/omop', [host('db', 5433)], 'omop', 'me', 'p@ss'],
    ['postgresql://db/omop', [host('db')], 'omop', undefined, undefined],
    ['postgres://me@a:5433,b:5434/d', [host('a', 5433), host('b', 5434)], 'd', 'me', undefined],
    ['postgres://me@a,b:5434/d', [host('a'), host('b', 5434)], 'd', 'me', undefined],
    ['postgres://[::1]:5433/d', [host('::1', 5433)], 'd', undefined, undefined],
    ['postgres://[::1],[::2]/d', [host('::1'), host('::2')], 'd', undefined, undefined],
    [
      'postgres:///d?host=/var/run/postgresql',
      [host('/var/run/postgresql')],
      'd',
      undefined,
      undefined,
    ],
    ['postgres://%2Fvar%2Frun/d', [host('/var/run')], 'd', undefined, undefined],
    [
      'postgres://?host=a:5433,b&user=u&dbname=d',
      [host('a', 5433), host('b')],
      'd',
      'u',
      undefined,
    ],
    ['postgres://me:a:b@db/d', [host('db')], 'd', 'me', 'a:b'],
    ['postgres://me:a@b@db/d', [host('db')], 'd', 'me', 'a@b'],
  ])('is read: %s', (text, hosts, database, username, password) => {
    expect(parsePostgresAddress(text)).toEqual({
      ...PLAIN,
      hosts,
      ...(database === undefined ? {} : { database }),
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    })
  })

  it('is completed from the environment variables of libpq', () => {
    const env = {
      PGUSER: 'u',
      PGPASSWORD: 'secret',
      PGHOST: 'h',
      PGDATABASE: 'd',
      PGPORT: '6000',
      PGSSLMODE: 'require',
    }
    expect(parsePostgresAddress('postgres://', env)).toEqual({
      hosts: [host('h', 6000)],
      database: 'd',
      username: 'u',
      password: 'secret',
      tls: { mode: 'require' },
    })
    expect(parsePostgresAddress('postgres://me@db:1/x?sslmode=disable', env)).toMatchObject({
      hosts: [host('db', 1)],
      database: 'x',
      username: 'me',
      tls: { mode: 'disable' },
    })
  })

  it.each([
    ['', { mode: 'prefer' }],
    ['sslmode=require', { mode: 'require' }],
    ['sslmode=require&sslrootcert=/ca', { mode: 'verify-ca', rootCertificate: '/ca' }],
    ['sslmode=verify-ca&sslrootcert=/ca', { mode: 'verify-ca', rootCertificate: '/ca' }],
    ['sslmode=verify-full&sslrootcert=system', { mode: 'verify-full' }],
    ['sslrootcert=system', { mode: 'verify-full' }],
    ['ssl=true', { mode: 'require' }],
    [
      'sslmode=require&sslcert=/c&sslkey=/k&sslpassword=p&ssl_min_protocol_version=TLSv1.3',
      { mode: 'require', certificate: '/c', key: '/k', keyPassword: 'p', minVersion: 'TLSv1.3' },
    ],
  ])('has the encryption of libpq: "%s"', (query, tls) => {
    expect(parsePostgresAddress(`postgres://h/d?${query}`).tls).toEqual(tls)
  })

  it('has the parameters of libpq, of which some have no effect', () => {
    const query =
      'application_name=x&connect_timeout=7&options=-c%20work_mem=8MB&search_path=hub,%20public' +
      '&target_session_attrs=read-write&keepalives_idle=20' +
      '&tcp_user_timeout=5&gssencmode=prefer&channel_binding=disable&client_encoding=UTF8&uselibpqcompat=true'
    expect(parsePostgresAddress(`postgres://h/d?${query}`)).toEqual({
      ...PLAIN,
      hosts: [host('h')],
      database: 'd',
      applicationName: 'x',
      connectTimeoutMs: 7_000,
      keepAliveMs: 20_000,
      session: 'read-write',
      options: String.raw`-c work_mem=8MB -c search_path=hub,\ public`,
    })
  })

  it.each([
    [
      'postgres://h/d?slmode=require',
      'unknown connection parameter "slmode"',
      'Did you mean sslmode?',
    ],
    ['postgres://h/d?sslmode=maybe', 'sslmode is not one of disable, allow, prefer', undefined],
    [
      'postgres://h/d?sslmode=require&sslrootcert=system',
      'requires sslmode=verify-full',
      undefined,
    ],
    ['postgres://h/d?connect_timeout=soon', 'connect_timeout is not a whole number', undefined],
    ['postgres://h/d?gssencmode=require', 'gssencmode is not one of', undefined],
    ['postgres://h/d?hostaddr=10.0.0.1', 'unknown connection parameter "hostaddr"', 'Remove it'],
    ['postgres://h:99999/d', 'port is not a whole number', undefined],
    ['postgres://a,b/d?port=1,2,3', 'port has 3 values for 2 hosts', undefined],
    ['postgres://u:sesame/7@h/d', 'cannot read the PostgreSQL URL', '%2F'],
    ['postgres://u:sesame#7@h/d', 'cannot read the PostgreSQL URL', '%23'],
    ['postgres://u:1/sesame@h/d', 'cannot read the PostgreSQL URL', '%2F'],
    ['postgres://u:100%sesame@h/d', 'a % that must be written as %25', undefined],
  ])('is rejected by name: %s', (text, message, hint) => {
    const problem = problemOf(text)
    expect(problem.message).toContain(message)
    if (hint !== undefined) expect(problem.hint).toContain(hint)
    expect(JSON.stringify(problem)).not.toContain('sesame')
  })
})

describe('a connection string of Npgsql', () => {
  it.each([
    ['Host=h', { hosts: [host('h')] }],
    ['host=h;PORT=6432', { hosts: [host('h', 6432)] }],
    [
      'Server=h;DB=d;User Id=u;PWD=p',
      { hosts: [host('h')], database: 'd', username: 'u', password: 'p' },
    ],
    ['Host=h;UserName=u;PSW=p', { hosts: [host('h')], username: 'u', password: 'p' }],
    ['Host=a,b;Port=6432', { hosts: [host('a', 6432), host('b', 6432)] }],
    ['Host=a:5433,b', { hosts: [host('a', 5433), host('b')] }],
    ['Host=::1', { hosts: [host('::1')] }],
    ['Host=[::1]:5433', { hosts: [host('::1', 5433)] }],
    ['Host=[::1]', { hosts: [host('::1')] }],
    ['Host=db:5433', { hosts: [host('db', 5433)] }],
    ['Host=/var/run/postgresql;Port=5433', { hosts: [host('/var/run/postgresql', 5433)] }],
    [
      ` server = h ; User ID=u;pwd="a;b""c" ;; Database='d''x' ;Password=p ;`,
      { hosts: [host('h')], username: 'u', password: 'p', database: "d'x" },
    ],
    ['Host=h;Password=it\'s "so"', { hosts: [host('h')], password: 'it\'s "so"' }],
    ['Host=h;Password=;Username=u', { hosts: [host('h')], username: 'u' }],
    ['Host=h;Username=first;Username=u', { hosts: [host('h')], username: 'u' }],
    ['Host=h;Password=a=b', { hosts: [host('h')], password: 'a=b' }],
    [
      'Host=h;Search Path=hub, public;Options=-c work_mem=8MB;Timezone=UTC',
      {
        hosts: [host('h')],
        options: String.raw`-c work_mem=8MB -c search_path=hub,\ public -c TimeZone=UTC`,
      },
    ],
    [
      'Host=h;Timeout=15;CommandTimeout=0;Keepalive=30;Application Name=hub;MaxPoolSize=7;Target Session Attributes=Prefer-Primary',
      {
        hosts: [host('h')],
        connectTimeoutMs: 15_000,
        statementTimeoutMs: 0,
        keepAliveMs: 30_000,
        applicationName: 'hub',
        maxConnections: 7,
        session: 'prefer-primary',
      },
    ],
    [
      'Host=h;Pooling=true;Minimum Pool Size=1;ConnectionIdleLifetime=60;Include Error Detail=true;Enlist=false;No Reset On Close=true;Multiplexing=false;Persist Security Info=true;Channel Binding=Prefer',
      { hosts: [host('h')] },
    ],
  ])('is read: %s', (text, expected) => {
    expect(parsePostgresAddress(text)).toEqual({ ...PLAIN, ...expected })
  })

  it.each([
    ['', { mode: 'prefer' }],
    ['SSL Mode=Disable', { mode: 'disable' }],
    ['SslMode=allow', { mode: 'allow' }],
    ['SSL Mode=Prefer', { mode: 'prefer' }],
    ['SSL Mode=Require', { mode: 'require' }],
    ['SSL Mode=Require;Trust Server Certificate=true', { mode: 'require' }],
    // Npgsql verifies nothing in this mode, unlike libpq.
    ['SSL Mode=Require;Root Certificate=/ca', { mode: 'require' }],
    ['SSL Mode=VerifyCA;Root Certificate=/ca', { mode: 'verify-ca', rootCertificate: '/ca' }],
    ['SSL Mode=verify-full;RootCertificate=/ca', { mode: 'verify-full', rootCertificate: '/ca' }],
    [
      'SSL Certificate=/c;SSL Key=/k;SSL Password=p',
      { mode: 'prefer', certificate: '/c', key: '/k', keyPassword: 'p' },
    ],
  ])('has the encryption of Npgsql: "%s"', (keys, tls) => {
    expect(parsePostgresAddress(`Host=h;${keys}`).tls).toEqual(tls)
  })

  it.each([
    ['Username=u;Password=sesame', 'Host is missing', 'Host=HOST'],
    ['Host=h;Pasword=sesame', '"Pasword" is not a supported key', 'Did you mean Password?'],
    ['Host=h;Frobnicate=sesame', '"Frobnicate" is not a supported key', 'use one of: Host, Port'],
    ['Host=h;Passfile=/sesame', '"Passfile" is not a supported key', 'PGPASSFILE'],
    [
      'Host=h;SSL Mode=sesame',
      'SSL Mode is not one of Disable, Allow, Prefer, Require, VerifyCA, VerifyFull',
      undefined,
    ],
    ['Host=h;SSL Mode=VerifyFull;Trust Server Certificate=true', 'contradicts', 'SSL Mode=Require'],
    ['Host=h;Channel Binding=Require', 'Channel Binding is not one of disable, prefer', undefined],
    ['Host=h;Integrated Security=true', 'Integrated Security is not one of false', undefined],
    ['Host=h;Port=sesame', 'Port is not a whole number', undefined],
    ['Host=h;Password="sesame', 'the value of "Password" has no closing quote', 'double a quote'],
    ['Host=h;Password="se"same', 'the value of "Password" has no closing quote', undefined],
    ['Host=h;sesame', 'no "=" after character 7', undefined],
    ['Host=a,,b', 'Host contains an empty name', undefined],
    ['mysql://u:sesame@h/d', 'neither a PostgreSQL URL nor a connection string', 'postgres://USER'],
    ['sesame', 'neither a PostgreSQL URL nor a connection string', undefined],
    ['', 'neither a PostgreSQL URL nor a connection string', undefined],
  ])('is rejected by name: %s', (text, message, hint) => {
    const problem = problemOf(text)
    expect(problem.message).toContain(message)
    if (hint !== undefined) expect(problem.hint).toContain(hint)
    expect(JSON.stringify(problem)).not.toContain('sesame')
  })
})

describe('connection parameters as a table', () => {
  it('may give several hosts as a list, as SQLAlchemy does', () => {
    const { hosts } = readLibpqParameters({ host: ['a:5433', 'b'], port: '5432', dbname: 'd' })
    expect(hosts).toEqual([host('a', 5433), host('b')])
  })
})

describe('an address for messages', () => {
  it('contains neither user nor password', () => {
    const address = parsePostgresAddress('postgres://u:secret@a:5433,[::1]/omop')
    expect(formatAddress(address)).toBe('postgresql://a:5433,[::1]:5432/omop')
  })
})
