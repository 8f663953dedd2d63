import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { loadRelayConfig, startRelay } from '@warren/relay'
import { createLogger } from '@warren/runtime'
import { describeRabbit, FaultProxy, startPrivateRabbit, until } from '@warren/testkit'
import { Connection } from 'rabbitmq-client'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { createReport, type Cause, type ReportDocument } from '../../src/index.ts'

const WRONG_PASSWORD = 'not-what-the-broker-knows'
const SHORT_CONNECTIONS = 20
const MINUTE_MS = 60_000

/** Opens, uses and closes a connection in order, as a hub that opens one for every poll does. */
async function useShortly(url: string): Promise<void> {
  const connection = open(url)
  const channel = await connection.acquire()
  await channel.close()
  await connection.close()
}

function open(url: string, heartbeatSeconds = 0): Connection {
  const connection = new Connection({
    url,
    heartbeat: heartbeatSeconds,
    retryLow: MINUTE_MS,
    retryHigh: MINUTE_MS,
    connectionTimeout: 10_000,
  })
  // Failures are what these tests are about; without a listener they would end the process.
  connection.on('error', () => {})
  return connection
}

async function isRefused(url: string): Promise<void> {
  const connection = open(url)
  await once(connection, 'error').catch(() => {})
  connection.unsafeDestroy()
}

async function vanish(url: string): Promise<void> {
  const connection = open(url)
  await once(connection, 'connection')
  connection.unsafeDestroy()
}

/** Half-open: the broker goes on waiting for heartbeats of a client that is cut off. */
async function fallSilent(url: string, logged: (text: string) => Promise<unknown>): Promise<void> {
  await using proxy = await FaultProxy.start(url)
  const connection = open(proxy.url(url), 1)
  await once(connection, 'connection')
  proxy.blackhole()
  await logged('missed heartbeats')
  connection.unsafeDestroy()
}

async function probeWithHttp(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  await fetch(`http://${hostname}:${port}/`).then(
    (response) => response.text(),
    () => undefined,
  )
}

/** A relay that queues in this broker, its log in `file`. */
function startHub(broker: string, file: string): Promise<AsyncDisposable> {
  return startRelay(
    loadRelayConfig({
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: '0',
      RELAY_STORE: `sqlite:${file}.db`,
      RELAY_QUEUE: broker,
    }),
    {
      log: createLogger({
        component: 'relay',
        level: 'debug',
        format: 'json',
        destination: { write: (line) => appendFileSync(file, line) },
      }),
    },
  )
}

const brokerOf = (report: ReportDocument) =>
  report.components.find(({ role, seenIn }) => role === 'broker' && seenIn === 'own-log')

describeRabbit('the log of a real broker', () => {
  const resources = new AsyncDisposableStack()
  let busy: ReportDocument
  let troubled: ReportDocument

  const finding = (cause: Cause, report = troubled) => {
    const [found, ...more] = report.findings.filter((one) => one.cause === cause)
    expect(more, `${cause} is said once`).toEqual([])
    if (found === undefined) throw new Error(`the report does not say ${cause}`)
    return found
  }
  const evidence = (cause: Cause) =>
    finding(cause)
      .evidence.map(({ text }) => text)
      .join('\n')

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'warren-report-'))
    resources.defer(() => rm(folder, { recursive: true, force: true }))
    const server = resources.use(await startPrivateRabbit())
    const { url, logFile } = server
    const hubLog = join(folder, 'relay.log')
    const logged = (text: string) =>
      until(async () => (await readFile(logFile, 'utf8')).includes(text), {
        what: `"${text}" in the log of the broker`,
        timeoutMs: 15_000,
      })

    // It greets clients a moment before it writes so; the window begins with a broker that is up.
    await logged('Server startup complete')
    const since = Date.now()
    const reported = () =>
      createReport(
        [
          { path: logFile, labels: { cluster: 'hub' } },
          { path: hubLog, labels: { cluster: 'hub' } },
        ],
        { since },
      )

    resources.use(await startHub(url, hubLog))
    for (let times = 0; times < SHORT_CONNECTIONS; times++) await useShortly(url)
    busy = await reported()

    const wrong = new URL(url)
    wrong.password = WRONG_PASSWORD
    await isRefused(wrong.href)
    await logged('login refused')
    await vanish(url)
    await logged("user: 'guest'):")
    await probeWithHttp(url)
    await logged('bad_header')
    await fallSilent(url, logged)
    await useShortly(url)
    await server.stop()
    await server.start()
    await useShortly(url)
    await until(async () => (await readFile(hubLog, 'utf8')).includes('queue recovered'), {
      what: 'the relay to be back at its queue',
      timeoutMs: 30_000,
    })
    troubled = await reported()
  }, 240_000)

  afterAll(() => resources.disposeAsync())

  it('reads every line of it', () => {
    for (const report of [busy, troubled]) {
      const source = report.sources.find(({ role }) => role === 'broker')
      expect(source).toMatchObject({ format: 'RabbitMQ', unreadable: 0 })
      expect(source?.events).toBeGreaterThan(50)
    }
  })

  it('calls many short connections churn, which works', () => {
    expect(finding('broker-connection-churn', busy)).toMatchObject({
      severity: 'info',
      status: 'observed',
      count: SHORT_CONNECTIONS,
    })
    expect(busy.checklist.find(({ id }) => id === 'broker')?.state).toBe('passed')
    expect(finding('broker-connection-churn').severity).toBe('info')
  })

  it('tells a refused login, with its user', () => {
    expect(finding('broker-auth-failed')).toMatchObject({ count: 1, status: 'recovered' })
    expect(finding('broker-auth-failed').why).toContain('guest')
    expect(evidence('broker-auth-failed')).toContain('login refused')
  })

  it('tells a client that vanished from one that stopped sending heartbeats', () => {
    expect(evidence('broker-connection-lost')).toContain('unexpectedly closed')
    expect(finding('broker-connection-lost').severity).not.toBe('info')
    expect(finding('broker-heartbeat-lost').count).toBe(1)
    expect(evidence('broker-heartbeat-lost')).toContain('missed heartbeats')
  })

  it('takes an HTTP request for a probe of the port', () => {
    expect(finding('broker-port-probe')).toMatchObject({ severity: 'info', count: 1 })
    expect(evidence('broker-port-probe')).toContain('bad_header')
  })

  it('sees the restart, and that the relay came back', () => {
    expect(brokerOf(busy)?.starts).toBe(0)
    expect(brokerOf(troubled)?.starts).toBeGreaterThan(0)
    expect(brokerOf(troubled)?.version).toMatch(/^\d+\.\d+\.\d+/)
    expect(finding('broker-connection-lost').status).toBe('recovered')
    expect(evidence('broker-connection-lost')).toContain('queue recovered')
    expect(troubled.checklist.find(({ id }) => id === 'broker')?.state).toBe('failed')
  })

  it('shows no password', () => {
    expect(JSON.stringify([busy, troubled])).not.toContain(WRONG_PASSWORD)
    expect(JSON.stringify([busy, troubled])).not.toContain('guest:guest')
  })
})
