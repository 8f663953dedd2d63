import { describe, expect, it } from 'vitest'

import { MIGRATIONS } from '../../src/store/migrations.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { SchemaTooNewError } from '../../src/store/store-error.ts'
import {
  addNodes,
  admitted,
  describeStores,
  LEASE,
  newTask,
  NOW,
  quietLog,
  recordingLog,
  sqliteBench,
} from './store-bench.ts'

describe('leadership', () => {
  describeStores('with one name', (openBench) => {
    it('is held by one relay at a time, until that relay releases it', async () => {
      await using bench = await openBench()
      const [a, b] = [bench.open(), bench.open()]
      const first = a.leadership('poller')
      const second = b.leadership('poller')
      expect(await first.acquire()).toBe(true)
      expect(await first.acquire()).toBe(true)
      expect(await second.acquire()).toBe(false)
      expect(await b.leadership('something else').acquire()).toBe(true)
      await first.release()
      expect(await second.acquire()).toBe(true)
      expect(await first.acquire()).toBe(false)
      // Releasing what another relay holds changes nothing.
      await first.release()
      expect(await first.acquire()).toBe(false)
    })

    it('ends when it is not renewed in time, and is not held back by its former holder', async () => {
      await using bench = await openBench()
      const first = bench.open().leadership('poller')
      const second = bench.open().leadership('poller')
      expect(await first.acquire()).toBe(true)
      bench.clock.now += first.holdMs - 1
      expect(await second.acquire()).toBe(false)
      expect(await first.acquire()).toBe(true)
      bench.clock.now += first.holdMs - 1
      expect(await second.acquire()).toBe(false)
      bench.clock.now += 1
      expect(await second.acquire()).toBe(true)
      expect(await first.acquire()).toBe(false)
    })

    it('ends if the clock of the database is set back by an hour', async () => {
      await using bench = await openBench()
      expect(await bench.open().leadership('poller').acquire()).toBe(true)
      bench.clock.now -= 3_600_000
      expect(await bench.open().leadership('poller').acquire()).toBe(true)
    })

    it('is acquired by one of several concurrent requests', async () => {
      await using bench = await openBench()
      const stores = Array.from({ length: 5 }, () => bench.open({ poolSize: 1 }))
      const won = await Promise.all(stores.map((store) => store.leadership('x').acquire()))
      expect(won.filter(Boolean)).toHaveLength(1)
    })

    it('is not held by a relay that is older than the schema', async () => {
      await using bench = await openBench({ migrated: false })
      const { log, records } = recordingLog()
      const older = bench.open({ log, migrations: MIGRATIONS.slice(0, -1) })
      await older.migrate()
      const leadership = older.leadership('poller')
      expect(await leadership.acquire()).toBe(true)
      await bench.open().migrate()
      for (let i = 0; i < 3; i++) {
        await expect(leadership.acquire()).rejects.toBeInstanceOf(SchemaTooNewError)
        await expect(older.check()).rejects.toBeInstanceOf(SchemaTooNewError)
      }
      expect(records.map(({ msg }) => msg)).toEqual(['database schema not supported'])
    })
  })

  it('on SQLite is free at once when no other relay process uses the file', async () => {
    await using bench = await sqliteBench()
    const open = () => openSqliteStore({ path: bench.url, log: quietLog() })
    {
      await using crashed = open()
      expect(await crashed.leadership('poller').acquire()).toBe(true)
      await using second = open()
      expect(await second.leadership('poller').acquire()).toBe(false)
    }
    // Closing a store does not release its leadership, so this is like a crash.
    await using restarted = open()
    const leadership = restarted.leadership('poller')
    expect(await leadership.acquire()).toBe(true)
    await using other = open()
    expect(await other.leadership('poller').acquire()).toBe(false)
  })
})

describeStores('the time of a store', (openBench) => {
  it('is that of the database, whatever the clocks of the relays show', async () => {
    await using bench = await openBench()
    const store = bench.open({ realTime: true })
    const [node] = await addNodes(store, 1)
    const realNow = Date.now()
    await admitted(store)
    const lease = (await store.tasks.leaseOldest(node!, LEASE))!
    expect(Math.abs(lease.leasedUntil - realNow - 60_000)).toBeLessThan(5_000)
    // A store whose process clock is ten minutes ahead or behind.
    const dateNow = Date.now
    for (const skewMs of [600_000, -600_000]) {
      try {
        Date.now = () => dateNow() + skewMs
        expect(await store.tasks.returnExpiredLeases(5)).toEqual([])
        expect(
          await store.tasks.findDueTasks('availability', { limit: 10, silence: null }),
        ).toEqual([])
      } finally {
        Date.now = dateNow
      }
    }
  })

  it('counts the age of a task that waited before it was admitted', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const { subtasks } = await admitted(store, newTask({ ageMs: 100_000 }))
    expect(subtasks[0]?.leftMs).toBe(140_000)
    bench.clock.now = NOW + 139_999
    expect(await store.tasks.findDueTasks('availability', { limit: 10, silence: null })).toEqual([])
    bench.clock.now = NOW + 140_000
    expect(
      await store.tasks.findDueTasks('availability', { limit: 10, silence: null }),
    ).toMatchObject([{ reason: 'deadline' }])
    expect(await store.tasks.leaseOldest(node!, LEASE)).toBeNull()
  })
})
