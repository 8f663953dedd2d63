import { stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'

import { addNodes, admitted, LEASE, recordingLog, settle, sqliteBench } from './store-bench.ts'

it('a SQLite file shrinks again after large results are deleted', async () => {
  await using bench = await sqliteBench()
  const store = bench.open()
  const nodes = await addNodes(store, 20)
  const { taskId } = await admitted(store)
  for (const nodeId of nodes) {
    const { subtaskId } = (await store.tasks.leaseOldest(nodeId, LEASE))!
    const json = JSON.stringify({ status: 'ok', filler: 'x'.repeat(4_000_000) })
    await store.tasks.storeResult({ subtaskId, nodeId, json, status: 'ok' })
  }
  await settle(store, taskId)
  await store.tasks.discardResults(taskId, { keep: false })
  const size = async (suffix = '') => (await stat(`${bench.url}${suffix}`)).size
  expect(await size()).toBeGreaterThan(60_000_000)
  let longestMs = 0
  for (let call = 0; call < 12; call++) {
    const started = performance.now()
    await store.reclaimSpace()
    longestMs = Math.max(longestMs, performance.now() - started)
  }
  // The reserve of free pages stays.
  expect(await size()).toBeLessThan(25_000_000)
  expect(await size('-wal')).toBeLessThan(20_000_000)
  // One call must not hold up the event loop.
  expect(longestMs).toBeLessThan(5_000)
}, 60_000)

it('a SQLite file that an early release has created is rewritten once, so that it shrinks as well', async () => {
  await using bench = await sqliteBench()
  {
    await using store = bench.open()
    await addNodes(store, 3)
  }
  const old = new DatabaseSync(bench.url)
  old.exec('pragma journal_mode = delete; pragma auto_vacuum = none; vacuum')
  old.close()
  const { log, records } = recordingLog()
  for (let start = 0; start < 2; start++) {
    await using store = bench.open({ log })
    expect(await store.users.listNodes()).toHaveLength(3)
  }
  expect(records.filter(({ msg }) => msg.startsWith('database file'))).toMatchObject([
    { msg: 'database file converted', bytes: expect.any(Number) as unknown },
  ])
  const file = new DatabaseSync(bench.url)
  expect(file.prepare('pragma auto_vacuum').get()).toEqual({ auto_vacuum: 2 })
  expect(file.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' })
  file.close()
})
