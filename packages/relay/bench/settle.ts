// What does settling a distribution cost a relay that serves other nodes at the same time, in memory and in waiting?
//
// The results of 50 nodes with 100,000 codes each are in the database when the relay starts. It combines them while /livez (a request
// that waits for the event loop only) and /readyz (one that also waits for a statement of the database) are requested all the time.
// SQLite and PostgreSQL; one relay process each. Memory is resident, at its peak since the relay has started, with all threads. An
// idle relay of the same kind is measured before, because a busy machine makes every request slower. The relay itself measures its
// SQL statements.
//
// Usage: npm run bench -- relay/settle -- [--nodes 50] [--codes 100000] [--store sqlite|postgresql]

import { parseArgs } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { createDatabase, percentile, reportMeasurement, startServices } from '@warren/testkit'
import { loadRelayConfig } from '../src/index.ts'
import { openStore } from '../src/open-store.ts'
import type { RelayStore } from '../src/store/relay-store.ts'
import { admitAnswered } from '../test/harness/answered-distribution.ts'
import { addBenchNodes, silentLog, temporarySqlite } from './harness/bench-nodes.ts'
import { ServerProcess } from './harness/server-process.ts'

const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: '50' },
    codes: { type: 'string', default: '100000' },
    store: { type: 'string' },
  },
})
const nodeCount = Number(flags.nodes)
const codeCount = Number(flags.codes)
const IDLE_MS = 5_000
const PROBE_EVERY_MS = 10
const LONG_STATEMENT_S = 0.2

async function settle(name: string, store: string): Promise<void> {
  const collectionIds = (await addBenchNodes(store, nodeCount)).map((node) => node.collectionId)
  const idle = await probeIdle(store)
  await storeResults(store, collectionIds)
  await using relay = await ServerProcess.relay({ RELAY_STORE: store })
  const started = performance.now()
  const busy = await probe(relay.url, untilSettled(store))
  const seconds = (performance.now() - started) / 1_000
  const what = `${nodeCount} nodes × ${codeCount} codes, ${name}`
  reportMeasurement({ what: `${what}: time to settle`, value: seconds, unit: 's' })
  reportMeasurement({
    what: `${what}: peak memory`,
    value: relay.memory().peakMb,
    unit: 'MB',
    target: { of: 'value', atMost: 300 },
  })
  for (const [path, atMost] of [
    ['/livez', 100],
    ['/readyz', 200],
  ] as const) {
    reportMeasurement({
      what: `${what}: ${path}, p99`,
      value: percentile(busy[path], 0.99),
      unit: 'ms',
      reference: { what: 'idle relay', value: percentile(idle.times[path], 0.99) },
      target: { of: 'value', atMost },
    })
  }
  reportMeasurement({
    what: `${what}: SQL statements longer than ${LONG_STATEMENT_S} s`,
    value: await countLongStatements(relay.url),
    unit: '',
    reference: { what: 'idle relay', value: idle.longStatements },
    target: { of: 'value', atMost: 0 },
  })
}

async function probeIdle(store: string): Promise<{ times: Times; longStatements: number }> {
  await using relay = await ServerProcess.relay({ RELAY_STORE: store })
  const times = await probe(relay.url, delay(IDLE_MS))
  reportMeasurement({ what: 'idle relay: peak memory', value: relay.memory().peakMb, unit: 'MB' })
  return { times, longStatements: await countLongStatements(relay.url) }
}

async function countLongStatements(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const count = (bucket: string): number => {
    const name = `warren_relay_store_statement_seconds_bucket{le="${bucket}",kind="statement"}`
    const line = text.split('\n').find((one) => one.startsWith(name))
    if (line === undefined) throw new Error(`the relay has no metric ${name}`)
    return Number(line.slice(name.length))
  }
  return count('+Inf') - count(`${LONG_STATEMENT_S}`)
}

async function storeResults(database: string, collectionIds: readonly string[]): Promise<void> {
  await using store = await openBenchStore(database)
  await admitAnswered(store, collectionIds, codeCount)
}

async function untilSettled(database: string): Promise<void> {
  await using store = await openBenchStore(database)
  while ((await store.tasks.countByState()).tasks.settled === 0) await delay(200)
  // The relay discards the results of the nodes now.
  await delay(2_000)
}

async function openBenchStore(database: string): Promise<RelayStore> {
  const config = loadRelayConfig({ RELAY_STORE: database })
  return openStore(config, { log: silentLog(), waitForDatabase: false })
}

type Times = Record<'/livez' | '/readyz', number[]>

/** Requests both paths until the work is done. Returns how long each request took, ms. */
async function probe(url: string, work: Promise<unknown>): Promise<Times> {
  const times: Times = { '/livez': [], '/readyz': [] }
  const ended = new AbortController()
  const done = work.finally(() => ended.abort())
  const repeat = async (path: keyof Times): Promise<void> => {
    while (!ended.signal.aborted) {
      const started = performance.now()
      const response = await fetch(url + path)
      await response.text()
      times[path].push(performance.now() - started)
      await delay(PROBE_EVERY_MS)
    }
  }
  await Promise.all([done, repeat('/livez'), repeat('/readyz')])
  return times
}

if (flags.store !== 'postgresql') {
  await using database = await temporarySqlite()
  await settle('SQLite', database.url)
}
if (flags.store !== 'sqlite') {
  await using _ = await startServices()
  await using database = await createDatabase()
  await settle('PostgreSQL', database.url)
}
