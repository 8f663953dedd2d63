import { ResponsivenessProbe, until } from '@warren/testkit'
import { expect, it } from 'vitest'

import { addBenchNodes, silentLog } from '../../bench/harness/bench-nodes.ts'
import { loadRelayConfig } from '../../src/index.ts'
import { openStore } from '../../src/open-store.ts'
import { admitAnswered } from '../harness/answered-distribution.ts'
import { startRelayProcess } from '../harness/relay-process.ts'
import { openSqlite } from '../harness/test-relay.ts'

const MB = 1_000_000
const NODES = 6
const CODES = 100_000
// The results have 73 MB, and the combined result 12 MB.
const MAX_GROWTH = 140 * MB
const MAX_PROBE_MS = 3_000

it('settling large distributions keeps the relay responsive and small', async () => {
  await using database = await openSqlite()
  const nodes = await addBenchNodes(database.url, NODES)
  await using store = await openStore(loadRelayConfig({ RELAY_STORE: database.url }), {
    log: silentLog(),
    waitForDatabase: false,
  })
  // Without a task, the relay is idle.
  await using relay = await startRelayProcess({ RELAY_STORE: database.url })
  await using probe = await ResponsivenessProbe.start()
  await probe.measure(relay.url, new Promise((resolve) => setTimeout(resolve, 2_000)))
  const idleBytes = (await relay.memory()).peak

  const collectionIds = nodes.map(({ collectionId }) => collectionId)
  await admitAnswered(store, collectionIds, CODES)
  const settled = until(() => relay.logged('task settled').length > 0, { timeoutMs: 120_000 })
  const { slowestMs, bareMs, failures } = await probe.measure(relay.url, settled)
  expect(relay.logged('task settled')).toMatchObject([{ asked: NODES, answered: NODES }])
  expect(failures).toBe(0)
  expect(slowestMs - bareMs).toBeLessThan(MAX_PROBE_MS)
  const { peak } = await relay.memory()
  expect(peak - idleBytes).toBeLessThan(MAX_GROWTH)
}, 180_000)
