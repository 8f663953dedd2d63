import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { freePort, until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqlite } from '../harness/test-relay.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

interface Running {
  readonly process: ChildProcess
  stderr: string
  readonly ended: Promise<{ code: unknown; signal: unknown }>
}

describe('the relay as a process', () => {
  let resources: AsyncDisposableStack
  let storeUrl: string
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    storeUrl = resources.use(await openSqlite()).url
  })
  afterEach(() => resources.disposeAsync())

  const run = (env: NodeJS.ProcessEnv, ...args: string[]): Running => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env['PATH'], RELAY_STORE: storeUrl, RELAY_HOST: '127.0.0.1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const running: Running = {
      process: child,
      stderr: '',
      ended: once(child, 'exit').then((values: unknown[]) => ({
        code: values[0],
        signal: values[1],
      })),
    }
    child.stderr.setEncoding('utf8').on('data', (text: string) => (running.stderr += text))
    resources.defer(() => void child.kill('SIGKILL'))
    return running
  }

  it('serves until SIGTERM, and exits with that signal', async () => {
    const port = await freePort()
    const relay = run({ RELAY_PORT: String(port) }, 'serve')
    await until(() => relay.stderr.includes('relay started'), { timeoutMs: 20_000 })
    const health = await fetch(`http://127.0.0.1:${port}/healthz`)
    expect(await health.text()).toBe('Healthy')
    relay.process.kill('SIGTERM')
    expect(await relay.ended).toEqual({ code: null, signal: 'SIGTERM' })
    const lines = relay.stderr.trim().split('\n')
    const messages = lines.map((line) => /"msg":"([^"]*)"/.exec(line)?.[1])
    expect(messages).toEqual(['relay started', 'relay stopping', 'relay stopped'])
  })

  it('warns about short and common secrets, and its log stays readable', async () => {
    const secrets = {
      RELAY_METRICS_TOKEN: 'p',
      RELAY_UPSTREAM_PASSWORD: 'upstream',
      DownstreamUsers__site__Password: 'sqlite',
    }
    const upstream = {
      RELAY_UPSTREAM_BASE_URL: `http://127.0.0.1:${await freePort()}`,
      RELAY_UPSTREAM_COLLECTION_ID: 'RQ-CC-EXAMPLE',
      RELAY_UPSTREAM_USERNAME: 'relay',
    }
    const relay = run({ RELAY_PORT: '0', ...secrets, ...upstream }, 'serve')
    await until(() => relay.stderr.includes('relay started'), { timeoutMs: 20_000 })
    for (const name of Object.keys(secrets)) {
      expect(relay.stderr).toMatch(
        new RegExp(`"variable":"${name}".*"msg":"configuration warning"`),
      )
    }
    expect(relay.stderr).toMatch(
      /"store":"sqlite","queue":"database","upstreams":\["upstream"\],"msg":"relay started"/,
    )
    expect(relay.stderr).not.toContain('[REDACTED]')
  })

  it('fails /readyz before it closes its sockets', async () => {
    const port = await freePort()
    const relay = run({ RELAY_PORT: String(port), RELAY_STOP_DELAY: '2s' }, 'serve')
    const url = `http://127.0.0.1:${port}`
    await until(async () => (await fetch(`${url}/readyz`)).status === 200, { timeoutMs: 20_000 })
    relay.process.kill('SIGTERM')
    const ready = await until(async () => {
      const response = await fetch(`${url}/readyz`)
      return response.status === 503 ? response : undefined
    })
    expect(await ready.json()).toMatchObject({ status: 'unready' })
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    await relay.ended
    await expect(fetch(`${url}/livez`)).rejects.toThrow()
  })

  it('exits with 78 and lists the problems of its configuration', async () => {
    const relay = run({ RELAY_PORT: 'eighty' }, 'serve')
    expect(await relay.ended).toEqual({ code: 78, signal: null })
    expect(relay.stderr).toContain('RELAY_PORT: expected a whole number')
  })

  it('waits for a database that is down, and exits with 69 if it stays down', async () => {
    const port = await freePort()
    const store = `postgres://relay:geheim@127.0.0.1:${port}/relay`
    const relay = run({ RELAY_STORE: store, RELAY_STARTUP_TIMEOUT: '2s' }, 'serve')
    const started = performance.now()
    expect(await relay.ended).toEqual({ code: 69, signal: null })
    expect(performance.now() - started).toBeGreaterThan(500)
    expect(relay.stderr).toContain('waiting for the database')
    expect(relay.stderr).toContain('cannot reach the database for 2s')
    expect(relay.stderr).not.toContain('geheim')
  })

  it('exits with 69 if its port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    resources.defer(() => void other.close())
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const relay = run({ RELAY_PORT: String(port) }, 'serve')
    expect(await relay.ended).toEqual({ code: 69, signal: null })
    expect(relay.stderr).toContain('EADDRINUSE')
  })

  it('logs the lines of the .NET relay with LOG_FORMAT=text', async () => {
    const port = await freePort()
    const relay = run({ RELAY_PORT: String(port), LOG_FORMAT: 'text' }, 'serve')
    await until(() => relay.stderr.includes('relay started'), { timeoutMs: 20_000 })
    await fetch(`http://127.0.0.1:${port}/healthz`)
    await fetch(`http://127.0.0.1:${port}/link_connector_api/task/nextjob/x`)
    await until(() => relay.stderr.includes('responded 401'))
    expect(relay.stderr).toMatch(
      /^\[\d\d:\d\d:\d\d INF\] HTTP GET \/healthz responded 200 in \d+\.\d{4} ms <s:\S+>$/m,
    )
    expect(relay.stderr).toMatch(
      /INF\] Basic was not authenticated\. Failure message: Missing Authorization Header <s:/,
    )
  })
})
