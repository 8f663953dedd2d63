import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Client } from 'pg'

import { describeService } from './describe-service.ts'
import { freePort } from './free-port.ts'
import { postgresUrl } from './postgres.ts'
import { PGBOUNCER } from './services/requirement.ts'
import { ServiceProcess } from './services/service-process.ts'
import { serviceUser } from './services/service-user.ts'

/** A suite that needs pgbouncer and PostgreSQL. */
export function describePgBouncer(title: string, suite: () => void): void {
  describeService(PGBOUNCER, title, suite, postgresUrl)
}

export interface PgBouncer extends AsyncDisposable {
  /** The database of the original URL, through the pooler. */
  readonly url: string
}

/**
 * A pgbouncer in transaction mode in front of the database at `url`, with `poolSize` connections to it: each transaction
 * of a client may run on another of them.
 */
export async function startPgBouncer(url: string, { poolSize = 1 } = {}): Promise<PgBouncer> {
  const program = PGBOUNCER.find()
  if (program === undefined) throw new Error('pgbouncer is not installed')
  const { hostname, port, username, password } = new URL(url)
  const user = await serviceUser()
  const folder = await mkdtemp(join(tmpdir(), 'warren-pgbouncer-'))
  const ownPort = await freePort()
  const users = join(folder, 'users.txt')
  const config = join(folder, 'pgbouncer.ini')
  await writeFile(users, `"${username}" "${password}"\n`)
  await writeFile(
    config,
    [
      '[databases]',
      `* = host=${hostname} port=${port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${String(ownPort)}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${users}`,
      'pool_mode = transaction',
      `default_pool_size = ${String(poolSize)}`,
      'max_client_conn = 100',
      '',
    ].join('\n'),
  )
  if (user !== undefined) {
    for (const path of [folder, users, config]) await chown(path, user.uid, user.gid)
  }
  const pooled = new URL(url)
  pooled.hostname = '127.0.0.1'
  pooled.port = String(ownPort)
  const service = await ServiceProcess.start(
    {
      program,
      args: [config],
      env: { PATH: process.env['PATH'] },
      cwd: folder,
      logFile: join(folder, 'pgbouncer.log'),
      user,
    },
    () => answers(pooled.href),
  )
  return {
    url: pooled.href,
    [Symbol.asyncDispose]: async () => {
      await service.stop('SIGTERM')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
