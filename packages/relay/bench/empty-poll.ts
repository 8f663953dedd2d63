// Measures the cost of an empty poll, and how much of it is the login.
//
// Starts a relay three times, each in its own process, and polls it over HTTP:
//   first login   every poll is a node's first: one password check each (scrypt, ln=14)
//   not cached    the password is verified, but every poll reads the user (RELAY_CREDENTIAL_CACHE=0)
//   cached        as in production, from the second poll on
// Usage: node packages/relay/bench/empty-poll.ts [connections] [seconds]

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { freePort, until } from '@warren/testkit'
import { runCli } from '../test/harness/run-cli.ts'
import { pythonHeaders } from '../test/harness/bare-client.ts'

const connections = Number(process.argv[2] ?? 20)
const seconds = Number(process.argv[3] ?? 8)
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const FIRST_LOGINS = 100

const folder = await mkdtemp(join(tmpdir(), 'warren-bench-'))
const env = { RELAY_STORE: `sqlite:${join(folder, 'relay.sqlite')}` }
interface BenchUser {
  readonly username: string
  readonly password: string
  readonly collectionId: string
}
const users: BenchUser[] = []
for (let i = 0; i < FIRST_LOGINS; i += 1) {
  const added = await runCli(env, 'users', 'add', `site-${i}`, '--json')
  users.push({
    username: added.member('username'),
    password: added.member('password'),
    collectionId: added.member('collectionId'),
  })
}

async function startRelay(
  more: NodeJS.ProcessEnv,
): Promise<{ url: string; process: ChildProcess }> {
  const port = await freePort()
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      ...env,
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: `${port}`,
      ...more,
    },
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(`${url}/livez`)).ok, { timeoutMs: 20_000 })
  return { url, process: child }
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

const poll = (url: string, { collectionId }: BenchUser) =>
  `${url}/link_connector_api/task/nextjob/${collectionId}`

async function firstLogins(): Promise<string> {
  const { url, process: child } = await startRelay({})
  const waiting = [...users]
  const times: number[] = []
  const started = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const before = performance.now()
        const response = await fetch(poll(url, next), {
          headers: pythonHeaders(next.username, next.password),
        })
        if (response.status !== 204) throw new Error(`status ${response.status}`)
        times.push(performance.now() - before)
      }
    }),
  )
  const perSecond = (FIRST_LOGINS * 1000) / (performance.now() - started)
  await stop(child)
  times.sort((a, b) => a - b)
  return row('first login', perSecond, times[times.length >> 1] ?? 0, times.at(-2) ?? 0)
}

async function repeated(name: string, more: NodeJS.ProcessEnv): Promise<string> {
  const { url, process: child } = await startRelay(more)
  const [user] = users
  if (user === undefined) throw new Error('no user')
  const { Connection: _, ...headers } = pythonHeaders(user.username, user.password)
  await fetch(poll(url, user), { headers })
  const result = await load(poll(url, user), headers)
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} failed`)
  await stop(child)
  return row(name, result.requests.average, result.latency.p50, result.latency.p99)
}

const loadResult = z.object({
  non2xx: z.number(),
  errors: z.number(),
  requests: z.object({ average: z.number() }),
  latency: z.object({ p50: z.number(), p99: z.number() }),
})

/** Runs autocannon in its own process, so that it does not share an event loop with this one. */
async function load(url: string, headers: Record<string, string>) {
  const program = fileURLToPath(import.meta.resolve('autocannon'))
  const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const args = [program, '-j', '-n', '-c', `${connections}`, '-d', `${seconds}`, ...given, url]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  await once(child, 'close')
  return loadResult.parse(JSON.parse(text))
}

function row(name: string, perSecond: number, p50: number, p99: number): string {
  return `${name.padEnd(14)}${perSecond.toFixed(0).padStart(10)}${p50.toFixed(1).padStart(11)}${p99.toFixed(1).padStart(11)}`
}

const lines = [
  `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, ${connections} connections, SQLite`,
  `${''.padEnd(14)}${'polls/s'.padStart(10)}${'p50 ms'.padStart(11)}${'p99 ms'.padStart(11)}`,
  await firstLogins(),
  await repeated('not cached', { RELAY_CREDENTIAL_CACHE: '0' }),
  await repeated('cached', {}),
]
process.stdout.write(`${lines.join('\n')}\n`)
await rm(folder, { recursive: true, force: true })
