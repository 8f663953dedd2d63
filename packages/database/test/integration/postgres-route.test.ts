import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import {
  createDatabase,
  demandTls,
  describePostgres,
  freePort,
  postgresUrl,
  selfSignedCertificate,
  startPrivatePostgres,
  until,
  type PrivateServer,
} from '@warren/testkit'
import { Client, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { parsePostgresAddress, postgresError, PostgresRoute } from '../../src/index.ts'

const DEFAULTS = { applicationName: 'warren-test', connectTimeoutMs: 5_000 }

interface Session {
  ssl: boolean
  name: string
  path: string
  port: number
}

/** Connects once, and describes the session or the error. */
async function sessionOf(text: string): Promise<Session> {
  const client = await new PostgresRoute(parsePostgresAddress(text), DEFAULTS).connect()
  try {
    const { rows } = await client.query<Session>(
      `select ssl, current_setting('application_name') as name, current_setting('search_path') as path,
              inet_server_port() as port
         from pg_stat_ssl where pid = pg_backend_pid()`,
    )
    if (rows[0] === undefined) throw new Error('no session')
    return rows[0]
  } finally {
    await client.end()
  }
}

async function outcomeOf(text: string): Promise<string> {
  try {
    return (await sessionOf(text)).ssl ? 'TLS' : 'plain'
  } catch (error: unknown) {
    return postgresError(error).code
  }
}

/** `postgres://…` as a connection string of Npgsql. */
function npgsql(url: string, keys = ''): string {
  const { hostname, port, username, password, pathname } = new URL(url)
  return `Host=${hostname};Port=${port};Username=${username};Password=${password};Database=${pathname.slice(1)};${keys}`
}

describePostgres('a server that demands TLS', () => {
  const server = selfSignedCertificate()
  const stranger = selfSignedCertificate()
  const client = selfSignedCertificate('client')
  let folder: string
  let postgres: PrivateServer

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-tls-'))
    const files = {
      'ca.crt': server.cert,
      'other.crt': stranger.cert,
      'client.crt': client.cert,
      'client.key': client.key,
    }
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content)
    postgres = await startPrivatePostgres()
    await demandTls(postgres.url, server)
  })
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it.each([
    ['', 'TLS'],
    ['SSL Mode=Prefer', 'TLS'],
    ['SSL Mode=Allow', 'TLS'],
    ['SSL Mode=Require', 'TLS'],
    ['SSL Mode=Require;Trust Server Certificate=true', 'TLS'],
    ['SSL Mode=Disable', '28000'],
    ['SSL Mode=VerifyFull', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['SSL Mode=VerifyFull;Root Certificate=FOLDER/other.crt', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['SSL Mode=VerifyFull;Root Certificate=FOLDER/ca.crt', 'TLS'],
    [
      'SSL Mode=VerifyFull;Root Certificate=FOLDER/ca.crt;Host=localhost',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    ['SSL Mode=VerifyCA;Root Certificate=FOLDER/ca.crt;Host=localhost', 'TLS'],
    ['SSL Mode=VerifyCA;Root Certificate=FOLDER/other.crt', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('for Npgsql, "%s" is %s', async (keys, outcome) => {
    expect(await outcomeOf(npgsql(postgres.url, keys.replace('FOLDER', folder)))).toBe(outcome)
  })

  it.each([
    ['', 'TLS'],
    ['sslmode=prefer', 'TLS'],
    ['sslmode=allow', 'TLS'],
    ['sslmode=require', 'TLS'],
    ['sslmode=disable', '28000'],
    ['sslmode=require&sslrootcert=FOLDER/other.crt', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['sslmode=verify-ca&sslrootcert=FOLDER/ca.crt&host=localhost', 'TLS'],
    ['sslmode=verify-full&sslrootcert=FOLDER/ca.crt', 'TLS'],
    [
      'sslmode=verify-full&sslrootcert=FOLDER/ca.crt&host=localhost',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    ['sslmode=verify-full', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('for libpq, "%s" is %s', async (query, outcome) => {
    const { port, pathname } = new URL(postgres.url)
    const url = new URL(`${postgres.url}?${query.replace('FOLDER', folder)}`)
    if (url.searchParams.has('host')) url.searchParams.set('port', port)
    expect(pathname).toBe('/postgres')
    expect(await outcomeOf(url.href)).toBe(outcome)
  })

  it('names a certificate file that cannot be read', async () => {
    const text = npgsql(postgres.url, 'SSL Mode=VerifyFull;Root Certificate=/no/such/file')
    await expect(sessionOf(text)).rejects.toThrow(/root certificate .*: \/no\/such\/file$/)
  })

  it('gets the client certificate that it demands', async () => {
    await using other = await startPrivatePostgres()
    await demandTls(other.url, { ...server, clientCa: client.cert })
    expect(await outcomeOf(npgsql(other.url))).toBe('28000')
    const keys = `SSL Certificate=${folder}/client.crt;SSL Key=${folder}/client.key`
    expect(await outcomeOf(npgsql(other.url, keys))).toBe('TLS')
    const query = `sslcert=${folder}/client.crt&sslkey=${folder}/client.key`
    expect(await outcomeOf(`${other.url}?${query}`)).toBe('TLS')
  })
})

describePostgres('a server without TLS', () => {
  it.each([
    ['', 'sslmode=prefer', 'plain'],
    ['SSL Mode=Disable', 'sslmode=disable', 'plain'],
    ['SSL Mode=Allow', 'sslmode=allow', 'plain'],
    ['SSL Mode=Require', 'sslmode=require', 'NO_TLS'],
    ['SSL Mode=VerifyFull', 'sslmode=verify-full', 'NO_TLS'],
  ])('is "%s" or "%s" is %s', async (keys, query, outcome) => {
    const url = await postgresUrl()
    expect(await outcomeOf(npgsql(url, keys))).toBe(outcome)
    expect(await outcomeOf(`${url}?${query}`)).toBe(outcome)
  })

  it('rejects a wrong password once, not with each encryption', async () => {
    await using database = await createDatabase()
    const url = new URL(database.url)
    url.password = 'wrong'
    expect(await outcomeOf(url.href)).toBe('28P01')
  })
})

describePostgres('a session', () => {
  it('has the search path, the application name and the options of the address', async () => {
    const url = await postgresUrl()
    const keys = 'Search Path=hub, public;Application Name=the hub;Options=-c work_mem=8MB'
    expect(await sessionOf(npgsql(url, keys))).toMatchObject({
      path: 'hub, public',
      name: 'the hub',
    })
    expect(await sessionOf(`${url}?search_path=hub,%20public`)).toMatchObject({
      path: 'hub, public',
      name: 'warren-test',
    })
  })

  it('gets its password from the password file, without a warning', async () => {
    const url = new URL(await postgresUrl())
    const { password } = url
    url.password = ''
    const folder = await mkdtemp(join(tmpdir(), 'warren-pgpass-'))
    const file = join(folder, 'pgpass')
    await writeFile(file, `*:*:*:${url.username}:${password}\n`, { mode: 0o600 })
    const warnings: unknown[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', onWarning)
    process.env['PGPASSFILE'] = file
    try {
      expect(await outcomeOf(url.href)).toBe('plain')
      await new Promise((resolve) => setImmediate(resolve))
      expect(warnings).toEqual([])
    } finally {
      delete process.env['PGPASSFILE']
      process.off('warning', onWarning)
      await rm(folder, { recursive: true })
    }
    expect(await outcomeOf(url.href)).toBe('NO_PASSWORD')
  })
})

describePostgres('a host that is a folder with a socket', () => {
  let folder: string
  const servers: Server[] = []

  /** Leads to the PostgreSQL of this run. */
  async function leadFrom(path: string): Promise<void> {
    const { hostname, port } = new URL(await postgresUrl())
    const server = createServer((client) => {
      const upstream = connect(Number(port), hostname)
      client.pipe(upstream).pipe(client)
      client.on('error', () => upstream.destroy())
      upstream.on('error', () => client.destroy())
    })
    servers.push(server)
    server.listen(path)
    await once(server, 'listening')
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-socket-'))
    await leadFrom(join(folder, '.s.PGSQL.5433'))
  })
  afterAll(async () => {
    for (const server of servers) server.close()
    await rm(folder, { recursive: true })
  })

  it.each([
    'Host=FOLDER;Port=5433;LOGIN',
    'Host=/nonexistent,FOLDER;Port=5433;LOGIN',
    'Host=/nonexistent;Port=5433;LOGIN',
    'postgres://USER:PASSWORD@/postgres?host=FOLDER&port=5433',
  ])('%s', async (text) => {
    const { username, password } = new URL(await postgresUrl())
    const address = text
      .replace('FOLDER', folder)
      .replace('LOGIN', `Username=${username};Password=${password};Database=postgres`)
      .replace('USER:PASSWORD', `${username}:${password}`)
    expect(await outcomeOf(address)).toBe(text.includes('FOLDER') ? 'plain' : 'ENOENT')
  })
})

describePostgres('several hosts', () => {
  it('are tried in order, and all failures are reported', async () => {
    const { hostname, port, username, password } = new URL(await postgresUrl())
    const login = `Username=${username};Password=${password};Database=postgres`
    const closed = [await freePort(), await freePort()]
    const hosts = `${hostname}:${closed[0]},${hostname}:${port}`
    expect(await sessionOf(`Host=${hosts};${login}`)).toMatchObject({ port: Number(port) })
    expect(await sessionOf(`postgres://${username}:${password}@${hosts}/postgres`)).toMatchObject({
      port: Number(port),
    })
    const none = `Host=${hostname}:${closed[0]},${hostname}:${closed[1]};${login}`
    await expect(sessionOf(none)).rejects.toThrow(
      new RegExp(`:${closed[0]}.*ECONNREFUSED.*; .*:${closed[1]}.*ECONNREFUSED`),
    )
    expect(await outcomeOf(none)).toBe('ECONNREFUSED')
  })

  it('are passed over if their session is not of the demanded kind', async () => {
    await using readOnly = await startPrivatePostgres()
    const admin = new Client({ connectionString: readOnly.url })
    await admin.connect()
    await admin.query('alter system set default_transaction_read_only = on')
    await admin.query('select pg_reload_conf()')
    await until(async () => {
      const { rows } = await admin.query<{ value: string }>(
        `select current_setting('default_transaction_read_only') as value`,
      )
      return rows[0]?.value === 'on'
    })
    await admin.end()
    const writable = new URL(await postgresUrl())
    const { hostname, port, username, password } = new URL(readOnly.url)
    const hosts = `${hostname}:${port},${writable.host}`
    const text = `Host=${hosts};Username=${username};Password=${password};Database=postgres;`
    expect(await sessionOf(text)).toMatchObject({ port: Number(port) })
    expect(await sessionOf(`${text}Target Session Attributes=ReadWrite`)).toMatchObject({
      port: Number(writable.port),
    })
    const alone = npgsql(readOnly.url, 'Target Session Attributes=read-write')
    expect(await outcomeOf(alone)).toBe('WRONG_SESSION')
    expect(await outcomeOf(npgsql(readOnly.url, 'Target Session Attributes=PreferStandby'))).toBe(
      'plain',
    )
  })

  it('share a pool, which moves to the next host when one goes down', async () => {
    await using first = await startPrivatePostgres()
    const { host, username, password } = new URL(first.url)
    const second = new URL(await postgresUrl())
    const route = new PostgresRoute(
      parsePostgresAddress(`postgres://${username}:${password}@${host},${second.host}/postgres`),
      DEFAULTS,
    )
    const pool = new Pool({ ...route.poolConfig, max: 2 })
    pool.on('error', () => {})
    const portOf = async (): Promise<number | undefined> => {
      const client = await route.tryHosts(() => pool.connect())
      try {
        const { rows } = await client.query<{ port: number }>('select inet_server_port() as port')
        client.release()
        return rows[0]?.port
      } catch {
        client.release(true)
        return undefined
      }
    }
    expect(await portOf()).toBe(Number(new URL(first.url).port))
    await first.stop()
    await until(async () => (await portOf()) === Number(second.port))
    await pool.end()
  })
})

describe('an address without a server', () => {
  it('is reported once, with what was tried', async () => {
    const port = await freePort()
    await expect(sessionOf(`Host=127.0.0.1;Port=${port};Username=u`)).rejects.toThrow(
      /^connect ECONNREFUSED/,
    )
  })
})
