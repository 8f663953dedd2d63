import { describe, expect, it } from 'vitest'
import { type Dependency, DependencySummary } from '../../src/observe/dependency-summary.ts'
import type { QueueTraffic } from '../../src/queue/node-queue.ts'

const CONNECTED = Date.UTC(2026, 10, 22, 6, 50)

function bench(dependencies: readonly Dependency[]) {
  const lines: Record<string, unknown>[] = []
  const clock = { now: 0 }
  const summary = new DependencySummary({
    dependencies,
    log: { info: (fields: object, msg?: string) => void lines.push({ ...fields, msg }) },
    timeoutMs: 20,
    now: () => clock.now,
  })
  return { summary, lines, clock }
}

describe('the summary of dependencies', () => {
  it('logs a line per dependency, even if every check succeeded', async () => {
    const database: Dependency = { name: 'database', technology: 'sqlite', check: async () => {} }
    const { summary, lines, clock } = bench([database, { ...database, name: 'broker' }])
    for (let times = 0; times < 3; times++) await summary.check()
    clock.now = 60_000
    summary.flush()
    expect(lines).toMatchObject([
      {
        msg: 'dependency summary',
        dependency: 'database',
        technology: 'sqlite',
        checks: { ok: 3, error: 0 },
        state: 'ok',
        periodMs: 60_000,
      },
      { dependency: 'broker', checks: { ok: 3, error: 0 } },
    ])
    expect(Object.keys(lines[0] ?? {})).toEqual(expect.arrayContaining(['p50Ms', 'p95Ms', 'maxMs']))
    expect(lines[0]).not.toHaveProperty('detail')
  })

  it('counts checks that fail or time out, and logs the reason until a check succeeds', async () => {
    const checks: (() => Promise<void>)[] = [
      async () => {},
      () => Promise.reject(new Error('connect ECONNREFUSED')),
      () => new Promise(() => {}),
    ]
    const { summary, lines } = bench([
      {
        name: 'broker',
        technology: 'rabbitmq',
        check: () => checks.shift()?.() ?? Promise.resolve(),
      },
    ])
    await summary.check()
    await summary.check()
    summary.flush()
    await summary.check()
    summary.flush()
    expect(lines).toMatchObject([
      { checks: { ok: 1, error: 1 }, state: 'failing', detail: 'connect ECONNREFUSED' },
      { checks: { ok: 0, error: 1 }, state: 'failing', detail: 'timed out after 20 ms' },
    ])
    expect(lines[1]).not.toHaveProperty('p50Ms')
  })

  it('logs the messages published to and fetched from a broker in the period', async () => {
    let traffic: QueueTraffic = {
      connections: 1,
      connectedSince: CONNECTED,
      published: 4,
      fetched: 3,
      failed: 0,
    }
    const { summary, lines } = bench([
      { name: 'broker', technology: 'rabbitmq', check: async () => {}, traffic: () => traffic },
    ])
    traffic = { ...traffic, connections: 2, published: 9, connectedSince: null }
    summary.flush()
    traffic = { ...traffic, fetched: 5, failed: 1, connectedSince: CONNECTED }
    summary.flush()
    expect(lines).toMatchObject([
      { connections: 1, published: 5, fetched: 0, failed: 0 },
      {
        connections: 0,
        published: 0,
        fetched: 2,
        failed: 1,
        connectedSince: '2026-11-22T06:50:00.000Z',
      },
    ])
    expect(lines[0]).not.toHaveProperty('connectedSince')
  })

  it('logs the current period when it is disposed', async () => {
    const database: Dependency = { name: 'database', technology: 'sqlite', check: async () => {} }
    const { summary, lines } = bench([database])
    await summary.check()
    summary[Symbol.dispose]()
    summary[Symbol.dispose]()
    expect(lines).toHaveLength(1)
  })
})
