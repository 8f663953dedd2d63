import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
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

/** Opens, uses and closes a connection cleanly, as a relay does that opens one per poll. */
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
  // Failures are expected in these tests; without a listener they would end the process.
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

/** Half-open: the broker keeps waiting for heartbeats from a client that is disconnected. */
async function fallSilent(url: string, logged: (text: string) => Promise<unknown>): Promise<void> {
  await using proxy = await FaultProxy.start(url)
  const connection = open(proxy.url(url), 1)
  await once(connection, 'connection')
  proxy.blackhole()
  await logged('missed heartbeats')
  connection.unsafeDestroy()
}

/** Like a health check of a port: connects, sends this text, and disconnects. */
async function probePort(url: string, words: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  // The broker may respond with a reset.
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.resume().on('close', resolve))
  socket.on('connect', () => socket.end(words))
  await closed
}

const CLIENT_HELLO = '\u0016\u0003\u0001\u0002\0\u0001\0\u0001'

/** A relay that queues in this broker, with its log in `file`. */
function relayWithBroker(broker: string, file: string): Promise<AsyncDisposable> {
  return startRelay(
    loadRelayConfig({
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: '0',
      RELAY_STORE: `sqlite:${file}.db`,
      RELAY_QUEUE: broker,
    }),
    {
      summaryMs: 600,
      log: createLogger({
        component: 'relay',
        level: 'info',
        format: 'json',
        destination: { write: (line) => appendFileSync(file, line) },
      }),
    },
  )
}

const brokerOf = (report: ReportDocument) =>
  report.components.find(({ role, seenIn }) => role === 'broker' && seenIn === 'own-log')

const stateOf = (report: ReportDocument, row: string) =>
  report.checklist.find(({ id }) => id === row)?.state

const above = (report: ReportDocument) =>
  report.findings.filter(({ severity }) => severity !== 'info')

function finding(report: ReportDocument, cause: Cause) {
  const [found, ...more] = report.findings.filter((one) => one.cause === cause)
  expect(more, `${cause} is reported once`).toEqual([])
  if (found === undefined) throw new Error(`the report has no finding ${cause}`)
  return { ...found, lines: found.evidence.map(({ text }) => text).join('\n') }
}

describeRabbit('the log of a real broker', () => {
  const resources = new AsyncDisposableStack()
  const reports = new Map<string, ReportDocument>()
  const report = (of: string): ReportDocument => {
    const found = reports.get(of)
    if (found === undefined) throw new Error(`no report on ${of}`)
    return found
  }

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'warren-report-'))
    resources.defer(() => rm(folder, { recursive: true, force: true }))
    const server = resources.use(await startPrivateRabbit())
    const { url, logFile } = server
    const relayLog = join(folder, 'relay.log')
    let since = 0
    const waitForIn = (file: string) => async (text: string, times: number) =>
      until(async () => (await readFile(file, 'utf8')).split(text).length - 1 >= times, {
        what: `"${text}" ${times} times in ${file}`,
        timeoutMs: 30_000,
      })
    const waitForBroker = waitForIn(logFile)
    const waitForRelay = waitForIn(relayLog)
    const inBroker = { path: logFile, labels: { cluster: 'hub' } }
    const inRelay = { path: relayLog, labels: { cluster: 'hub' } }
    /** Reports only on what happens meanwhile. */
    const during = async (name: string, act: () => Promise<unknown>): Promise<void> => {
      since = Date.now()
      await act()
      reports.set(name, await createReport([inBroker, inRelay], { since }))
      reports.set(`${name}, by the relay alone`, await createReport([inRelay], { since }))
    }

    // It accepts clients a moment before it logs that; the time range begins when the broker is up.
    await waitForBroker('Server startup complete', 1)
    await during('work', async () => {
      resources.use(await relayWithBroker(url, relayLog))
      for (let times = 0; times < SHORT_CONNECTIONS; times++) await useShortly(url)
      await waitForRelay('"dependency":"broker"', 2)
      await waitForBroker('closing AMQP', SHORT_CONNECTIONS)
    })
    await during('port probes', async () => {
      await probePort(url, '')
      await probePort(url, 'AMQ')
      await probePort(url, 'GET / HTTP/1.1\r\n\r\n')
      await probePort(url, CLIENT_HELLO)
      await waitForBroker('bad_header', 2)
      await waitForBroker('unexpectedly closed', 2)
    })
    await during('failures', async () => {
      const wrong = new URL(url)
      wrong.password = WRONG_PASSWORD
      await isRefused(wrong.href)
      await waitForBroker('login refused', 1)
      await vanish(url)
      await waitForBroker("user: 'guest'):", 1)
      await fallSilent(url, (text) => waitForBroker(text, 1))
      await useShortly(url)
    })
    await during('alarm', async () => {
      await server.raiseAlarm()
      await waitForBroker('resource limit alarm set', 1)
      await server.clearAlarm()
      await waitForBroker('resource limit alarm cleared', 1)
    })
    await during('restart', async () => {
      await server.stop()
      await waitForRelay('queue unavailable', 1)
      await server.start()
      await waitForRelay('queue recovered', 1)
      await waitForBroker('Server startup complete', 2)
    })
    await during('kill', async () => {
      const closings = (await readFile(logFile, 'utf8')).split('closing AMQP').length - 1
      await useShortly(url)
      // Lines that it has not written yet are lost.
      await waitForBroker('closing AMQP', closings + 1)
      await server.kill()
      await waitForRelay('queue unavailable', 2)
      await server.start()
      await waitForRelay('queue recovered', 2)
      await waitForBroker('Server startup complete', 3)
    })
    await during('end', async () => {
      await server.stop()
      await waitForRelay('"state":"failing"', 1)
      await waitForRelay('queue unavailable', 3)
      await until(
        async () =>
          (await readFile(relayLog, 'utf8')).trimEnd().split('\n').at(-1)?.includes('failing'),
        { timeoutMs: 30_000 },
      )
    })
  }, 300_000)

  afterAll(() => resources.disposeAsync())

  it('is readable in every line', () => {
    for (const document of reports.values()) {
      for (const source of document.sources) expect(source.unreadable).toBe(0)
    }
    const source = report('restart').sources.find(({ role }) => role === 'broker')
    expect(source).toMatchObject({ format: 'RabbitMQ' })
    expect(source?.events).toBeGreaterThan(50)
  })

  it('shows many short connections as churn', () => {
    expect(finding(report('work'), 'broker-connection-churn')).toMatchObject({
      severity: 'info',
      status: 'observed',
      count: SHORT_CONNECTIONS,
    })
    expect(above(report('work'))).toEqual([])
    expect(stateOf(report('work'), 'broker')).toBe('passed')
  })

  it('shows connections without a login, or with another protocol, as port probes', () => {
    const probes = finding(report('port probes'), 'broker-port-probe')
    expect(probes).toMatchObject({ severity: 'info', status: 'expected' })
    // The broker logs nothing about a connection without a single byte.
    expect(probes.count).toBe(3)
    expect(probes.why).toMatch(/closed before login.*HTTP.*TLS|HTTP.*TLS.*closed/)
    expect(above(report('port probes'))).toEqual([])
  })

  it('shows a rejected login with its user', () => {
    const refused = finding(report('failures'), 'broker-auth-failed')
    expect(refused).toMatchObject({ count: 1, status: 'recovered' })
    expect(refused.why).toContain('guest')
    expect(refused.lines).toContain('login refused')
  })

  it('distinguishes a client that disappeared from one that stopped sending heartbeats', () => {
    const vanished = finding(report('failures'), 'broker-connection-lost')
    expect(vanished).toMatchObject({ count: 1, severity: 'warning' })
    expect(vanished.lines).toContain('unexpectedly closed')
    const silent = finding(report('failures'), 'broker-heartbeat-lost')
    expect(silent.count).toBe(1)
    expect(silent.lines).toContain('missed heartbeats')
  })

  it('shows an alarm and its end', () => {
    const alarm = finding(report('alarm'), 'broker-resource-alarm')
    expect(alarm).toMatchObject({ status: 'recovered', severity: 'warning', party: 'hub' })
    expect(alarm.why).toContain('memory')
    expect(stateOf(report('alarm'), 'broker')).toBe('failed')
  })

  it.each([
    ['restart', 'shut down cleanly'],
    ['kill', 'ended without a shutdown message'],
  ])('shows a %s as one finding, with the failures in the relay log', (name, how) => {
    const stopped = finding(report(name), 'broker-stopped')
    expect(stopped).toMatchObject({
      status: 'recovered',
      severity: 'warning',
      party: 'hub',
      count: 1,
    })
    expect(stopped.why).toContain(how)
    expect(stopped.lines).toContain('queue unavailable')
    expect(above(report(name)).map(({ cause }) => cause)).toEqual(['broker-stopped'])
    expect(brokerOf(report(name))?.starts).toBe(1)
    expect(brokerOf(report(name))?.version).toMatch(/^\d+\.\d+\.\d+/)
    expect(stateOf(report(name), 'broker')).toBe('failed')
  })

  it('shows a broker that does not start again', () => {
    expect(above(report('end')).map(({ cause, status }) => [cause, status])).toEqual([
      ['broker-stopped', 'ongoing'],
    ])
  })

  it('is not needed if the relay logs the state of the broker', () => {
    expect(stateOf(report('work, by the relay alone'), 'broker')).toBe('passed')
    expect(stateOf(report('work, by the relay alone'), 'database')).toBe('passed')
    for (const name of ['restart', 'kill', 'end'])
      expect(stateOf(report(`${name}, by the relay alone`), 'broker'), name).toBe('failed')
  })

  it('shows no password', () => {
    expect(JSON.stringify([...reports.values()])).not.toContain(WRONG_PASSWORD)
    expect(JSON.stringify([...reports.values()])).not.toContain('guest:guest')
  })
})
