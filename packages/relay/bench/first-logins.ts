// How long does a relay take after a restart until every node has logged in once, when all nodes poll at the same moment,
// each on its own connection?
//
//   generated   passwords of `warren relay users add`: fast hashes
//   chosen      passwords that people chose: scrypt, ln=14
//   declared    users of DownstreamUsers__…, unchanged since the last start; also measures the time until the relay listens
//
// Each relay is a process of its own on SQLite.
// By default, only generated passwords: adding 1,000 chosen ones takes minutes of CPU time.
// Usage: npm run bench -- relay/first-logins -- [nodes] [declared users] [generated|chosen|declared …]

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLogger, newUuid } from '@warren/runtime'
import { freePort, reportMeasurement, until } from '@warren/testkit'
import { hashPassword } from '../src/nodes/password-hash.ts'
import { UserManager } from '../src/nodes/user-manager.ts'
import { openSqliteStore } from '../src/store/sqlite-store.ts'
import { pythonHeaders } from '../test/harness/bare-client.ts'

const nodes = Number(process.argv[2] ?? 1_000)
const declaredUsers = Number(process.argv[3] ?? 150)
const wanted = process.argv.length > 4 ? process.argv.slice(4) : ['generated']
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const CLOCK_TICKS_PER_SECOND = 100

interface BenchUser {
  readonly username: string
  readonly password: string
  readonly collectionId: string
}

const folder = await mkdtemp(join(tmpdir(), 'warren-bench-'))

async function addUsers(
  file: string,
  add: (manager: UserManager, name: string) => Promise<BenchUser>,
): Promise<BenchUser[]> {
  const log = createLogger({ component: 'bench', level: 'fatal', format: 'json' })
  await using store = openSqliteStore({ path: file, log })
  await store.migrate()
  const manager = new UserManager(store.users)
  const users: BenchUser[] = []
  for (let index = 0; index < nodes; index += 1) users.push(await add(manager, `site-${index}`))
  return users
}

async function addChosen(manager: UserManager, username: string): Promise<BenchUser> {
  const password = randomBytes(6).toString('hex')
  const collectionId = newUuid()
  const passwordHash = await hashPassword(password)
  await manager.import([{ username, passwordHash, declared: false, collectionIds: [collectionId] }])
  return { username, password, collectionId }
}

interface Relay {
  readonly url: string
  readonly process: ChildProcess
  readonly listeningAfterMs: number
}

async function startRelay(env: NodeJS.ProcessEnv): Promise<Relay> {
  const port = await freePort()
  const started = performance.now()
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: String(port),
      ...env,
    },
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(`${url}/livez`)).ok, { timeoutMs: 200_000, everyMs: 20 })
  return { url, process: child, listeningAfterMs: performance.now() - started }
}

async function stop({ process: child }: Relay): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** Seconds of CPU time that a process has used so far. */
async function cpuSeconds({ process: child }: Relay): Promise<number> {
  const [, user, system] =
    /\) (?:\S+ ){11}(\d+) (\d+)/.exec(await readFile(`/proc/${child.pid}/stat`, 'utf8')) ?? []
  return (Number(user) + Number(system)) / CLOCK_TICKS_PER_SECOND
}

function poll(url: string, user: BenchUser, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const { Connection: _, ...headers } = pythonHeaders(user.username, user.password)
    const path = `/link_connector_api/task/nextjob/${user.collectionId}`
    request(`${url}${path}`, { headers, agent }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
      .on('error', reject)
      .end()
  })
}

/** Polls as each user, again after a second as a bunny does, until the login is accepted. Returns when that was, ms. */
async function loginAll(relay: Relay, users: readonly BenchUser[]): Promise<number[]> {
  const started = performance.now()
  const times = await Promise.all(
    users.map(async (user) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      while ((await poll(relay.url, user, agent)) !== 204) {
        await new Promise((resolve) => setTimeout(resolve, 1_000))
      }
      agent.destroy()
      return performance.now() - started
    }),
  )
  return times.toSorted((a, b) => a - b)
}

const seconds = (value: number): string => `${value.toFixed(1)} s`.padStart(12)

async function measure(name: string, env: NodeJS.ProcessEnv, users: readonly BenchUser[]) {
  const relay = await startRelay(env)
  const cpuBefore = await cpuSeconds(relay)
  const times = await loginAll(relay, users)
  const cpu = (await cpuSeconds(relay)) - cpuBefore
  await stop(relay)
  const served = `${users.length} first logins, ${name} passwords`
  reportMeasurement({
    what: `${served}: all served after`,
    value: (times.at(-1) ?? 0) / 1_000,
    unit: 's',
    ...(name === 'generated' ? { target: { of: 'value', atMost: 15 } as const } : {}),
  })
  reportMeasurement({ what: `${served}: CPU time`, value: cpu, unit: 's' })
  const columns = [relay.listeningAfterMs, times[times.length >> 1] ?? 0, times.at(-1) ?? 0]
  const row = columns.map((ms) => seconds(ms / 1_000)).join('')
  process.stdout.write(
    `${name.padEnd(12)}${String(users.length).padStart(6)}${row}${seconds(cpu)}\n`,
  )
}

process.stdout.write(
  `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, SQLite\n` +
    `${'passwords'.padEnd(12)}${'users'.padStart(6)}${['listening', 'half served', 'all served', 'CPU'].map((head) => head.padStart(12)).join('')}\n`,
)
if (wanted.includes('generated')) {
  const file = join(folder, 'generated.sqlite')
  const users = await addUsers(file, (manager, name) => manager.add(name))
  await measure('generated', { RELAY_STORE: `sqlite:${file}` }, users)
}
if (wanted.includes('chosen')) {
  const file = join(folder, 'chosen.sqlite')
  await measure('chosen', { RELAY_STORE: `sqlite:${file}` }, await addUsers(file, addChosen))
}
if (wanted.includes('declared')) {
  const users = Array.from({ length: declaredUsers }, (_, index) => ({
    username: `site-${index}`,
    password: randomBytes(6).toString('hex'),
    collectionId: newUuid(),
  }))
  const declared = users.flatMap(({ username, password, collectionId }) => [
    [`DownstreamUsers__${username}__Password`, password],
    [`DownstreamUsers__${username}__SubNode`, collectionId],
  ])
  const file = join(folder, 'declared.sqlite')
  const env = { RELAY_STORE: `sqlite:${file}`, ...Object.fromEntries(declared) }
  await measure('new', env, users)
  await measure('declared', env, users)
}
await rm(folder, { recursive: true, force: true })
