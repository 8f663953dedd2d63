import { execFile } from 'node:child_process'
import { appendFile, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { Client } from 'pg'

import { freePort } from '../free-port.ts'
import { POSTGRES } from './requirement.ts'
import { ServiceProcess } from './service-process.ts'
import { serviceUser } from './service-user.ts'

const run = promisify(execFile)

const PASSWORD = 'warren-test'
// The data need not survive a crash of the machine.
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  max_connections: '200',
  log_line_prefix: '%m [%p] %q%u@%d ',
}

/** A PostgreSQL cluster in `folder`, on a free port. */
export class PostgresServer {
  readonly logFile: string
  readonly url: string
  readonly #folder: string
  readonly #port: number
  readonly #programs: string
  readonly #user: { uid: number; gid: number } | undefined
  #process: ServiceProcess | undefined

  private constructor(
    folder: string,
    port: number,
    programs: string,
    user: { uid: number; gid: number } | undefined,
  ) {
    this.#folder = folder
    this.#port = port
    this.#programs = programs
    this.#user = user
    this.logFile = join(folder, 'postgres.log')
    this.url = `postgres://warren:${PASSWORD}@127.0.0.1:${port}/postgres`
  }

  /** Creates a cluster in `folder`, which must not exist, and starts it. */
  static async create(folder: string): Promise<PostgresServer> {
    const { programs, user } = await prepareFolder(folder)
    const passwordFile = join(folder, 'password')
    await writeFile(passwordFile, PASSWORD)
    if (user !== undefined) await chown(passwordFile, user.uid, user.gid)
    const location = ['-D', join(folder, 'data')]
    // With authentication, so that tests can use wrong passwords.
    const authentication = ['-U', 'warren', '--pwfile', passwordFile, '--auth=scram-sha-256']
    await run(
      join(programs, 'initdb'),
      [...location, ...authentication, '--encoding=UTF8', '--locale=C', '--no-sync'],
      { cwd: folder, env: environment(), ...user },
    )
    const server = new PostgresServer(folder, await freePort(), programs, user)
    await server.start()
    return server
  }

  /** Creates a hot standby in `folder`, which must not exist, and starts it. Restarts the primary, to copy its files. */
  static async follow(primary: PostgresServer, folder: string): Promise<PostgresServer> {
    const { programs, user } = await prepareFolder(folder)
    const data = join(folder, 'data')
    await primary.stop()
    // As the user of the server, because the copy must belong to it.
    await run('cp', ['-R', join(primary.#folder, 'data'), data], { cwd: folder, ...user })
    await run('chmod', ['-R', 'go=', data], { cwd: folder, ...user })
    const settings = `primary_conninfo = '${primary.url}'\n`
    await appendFile(join(data, 'postgresql.auto.conf'), settings)
    await writeFile(join(data, 'standby.signal'), '')
    await primary.start()
    const server = new PostgresServer(folder, await freePort(), programs, user)
    await server.start()
    return server
  }

  /** Starts it, always on the same port, and waits until it accepts queries. */
  async start(): Promise<void> {
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    this.#process = await ServiceProcess.start(
      {
        program: join(this.#programs, 'postgres'),
        args: ['-D', join(this.#folder, 'data'), '-p', String(this.#port), ...settings],
        env: environment(),
        cwd: this.#folder,
        logFile: this.logFile,
        user: this.#user,
      },
      () => acceptsQueries(this.url),
    )
  }

  /** Ends sessions and stops, like a restart by an operator. */
  async stop(): Promise<void> {
    await this.#process?.stop('SIGINT')
  }

  /** Stops without a checkpoint; the next start recovers. */
  async kill(): Promise<void> {
    // After SIGKILL, backends of the dead server would live on for a while and prevent the next start.
    await this.#process?.stop('SIGQUIT')
  }

  async remove(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function prepareFolder(folder: string) {
  const programs = POSTGRES.find()
  if (programs === undefined) throw new Error('PostgreSQL is not installed')
  const user = await serviceUser()
  await mkdir(folder, { mode: 0o700 })
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  return { programs, user }
}

/** Excludes the PG… variables of the developer. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: process.env['TZ'] }
}

async function acceptsQueries(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  // The server may stop during the query, which must not crash the tests.
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
