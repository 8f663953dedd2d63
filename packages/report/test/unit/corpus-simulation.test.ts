import { describe, expect, it } from 'vitest'
import { clientPlan, RANGE_START } from '../../corpus/simulation/plan.ts'
import type { NetworkPlan } from '../../corpus/simulation/plan.ts'
import type { Fact, FactOf } from '../../corpus/simulation/facts.ts'
import { simulate } from '../../corpus/simulation/simulate.ts'

const HALF_HOUR: NetworkPlan = {
  seed: 'a test',
  start: RANGE_START,
  minutes: 30,
  clients: [clientPlan('site-a', 'python', 0), clientPlan('site-b', 'python', 1)],
  relay: 'dotnet',
  tasks: [{ at: 5, kind: 'availability' }],
  faults: [],
  portProbes: false,
  starts: false,
}

function of<K extends Fact['kind']>(facts: readonly Fact[], kind: K, at?: string): FactOf<K>[] {
  return facts.filter(
    (fact): fact is FactOf<K> => fact.kind === kind && (at === undefined || fact.at === at),
  )
}

function minutes(facts: readonly { time: number }[]): number[] {
  return facts.map(({ time }) => (time - RANGE_START) / 60_000)
}

describe('the simulated network', () => {
  it('is the same in every run, and different with another seed', () => {
    expect(simulate(HALF_HOUR)).toEqual(simulate(HALF_HOUR))
    expect(simulate({ ...HALF_HOUR, seed: 'another' })).not.toEqual(simulate(HALF_HOUR))
  })

  it('takes every poll through every component, in order', () => {
    const facts = simulate({ ...HALF_HOUR, clients: HALF_HOUR.clients.slice(0, 1), tasks: [] })
    const sent = of(facts, 'poll sent')[3]
    const next = of(facts, 'poll sent')[4]
    const between = facts.filter(({ time, kind, at }) => {
      const own = at !== 'relay' || !['expiry sweep', 'upstream polled'].includes(kind)
      return (
        own && sent !== undefined && next !== undefined && time >= sent.time && time < next.time
      )
    })
    const probes = new Set(
      of(between, 'request').flatMap(({ path, requestId }) =>
        path === '/healthz' ? [requestId] : [],
      ),
    )
    const legs = between
      .filter((fact) => !('requestId' in fact) || !probes.has(fact.requestId))
      .filter((fact) => fact.kind !== 'statement' || fact.about !== 'task')
      .map(({ at, kind }) => `${at}: ${kind}`)
    expect(legs).toEqual([
      'site-a: poll sent',
      'relay: statement',
      'relay: statement',
      'relay: login',
      'broker: accepted',
      'broker: authenticated',
      'broker: closed',
      'relay: request',
      'load-balancer: passed',
      'site-a: poll answered',
    ])
  })

  it('polls every ten seconds and responds after about 132 ms', () => {
    const facts = simulate({ ...HALF_HOUR, tasks: [] })
    const times = of(facts, 'poll sent', 'site-a').map(({ time }) => time)
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThan(10_000)
    expect(Math.max(...gaps)).toBeLessThan(10_500)
    const took = of(facts, 'request').flatMap(({ durationMs, path }) =>
      path.includes('nextjob') ? [durationMs] : [],
    )
    expect(took.reduce((sum, ms) => sum + ms, 0) / took.length).toBeCloseTo(132, -1)
  })

  it('takes a task from the upstream to a client and back', () => {
    const facts = simulate(HALF_HOUR)
    const kinds = facts
      .filter((fact) => 'taskId' in fact && (fact.at === 'relay' || fact.at === 'site-a'))
      .map(({ kind }) => kind)
    const order = [
      'task retrieved',
      'task admitted',
      'task handed out',
      'task received',
      'task solved',
      'result stored',
      'task settled',
      'submitting',
      'submitted',
    ]
    const places = order.map((kind) => kinds.findIndex((known) => known === kind))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  it('makes the Python bunny wait 10, 15, 25, 45 and 65 seconds after failures', () => {
    const refused = { name: 'connection-refused', from: 2, of: 'site-a' } as const
    const facts = simulate({ ...HALF_HOUR, faults: [refused] })
    const times = of(facts, 'poll failed', 'site-a').map(({ time }) => time)
    const gaps = times
      .slice(1, 7)
      .map((time, index) => Math.round((time - (times[index] ?? 0)) / 1000))
    expect(gaps).toEqual([10, 15, 25, 45, 65, 65])
  })

  it("makes Warren's bunny wait a random part less, and Warren's relay hold its polls", () => {
    const clients = [clientPlan('site-a', 'warren', 0)]
    const refused = { name: 'connection-refused', from: 10, of: 'site-a' } as const
    const facts = simulate({ ...HALF_HOUR, clients, relay: 'warren', faults: [refused] })
    const waits = of(facts, 'poll failed').map(({ retryInMs }) => retryInMs)
    expect(waits.slice(0, 3).every((ms, n) => ms <= 5_000 * 2 ** n && ms >= 4_000 * 2 ** n)).toBe(
      true,
    )
    const held = of(facts, 'request').filter(({ path, status }) => {
      return path.includes('nextjob') && status === 204
    })
    expect(held.every(({ heldMs }) => Math.round(heldMs / 1000) === 25)).toBe(true)
  })

  it('does not affect other clients by a fault of one, to the millisecond', () => {
    const fault = { name: 'auth-wrong-password', from: 10, to: 16, of: 'site-a' } as const
    const plan = { ...HALF_HOUR, tasks: [] }
    const before = of(simulate(plan), 'poll answered', 'site-b')
    expect(of(simulate({ ...plan, faults: [fault] }), 'poll answered', 'site-b')).toEqual(before)
  })

  it('begins and ends a fault on time', () => {
    const fault = { name: 'proxy-502', from: 10, to: 16 } as const
    const failed = minutes(of(simulate({ ...HALF_HOUR, faults: [fault] }), 'poll failed'))
    expect(Math.min(...failed)).toBeGreaterThanOrEqual(10)
    expect(Math.max(...failed)).toBeLessThan(16.1)
    const answered = minutes(of(simulate({ ...HALF_HOUR, faults: [fault] }), 'poll answered'))
    expect(answered.filter((minute) => minute > 17.2).length).toBeGreaterThan(100)
  })

  it.each(['dotnet', 'warren'] as const)(
    'makes a stalled relay neither log nor respond (%s)',
    (relay) => {
      const fault = { name: 'relay-stalled', from: 10, to: 16 } as const
      const facts = simulate({ ...HALF_HOUR, relay, faults: [fault] })
      const [from, to] = [10, 16].map((minute) => HALF_HOUR.start + minute * 60_000)
      const during = facts.filter(({ time }) => time >= (from ?? 0) && time < (to ?? 0))
      expect(during.filter(({ at }) => at === 'relay')).toEqual([])
      const statuses = of(during, 'passed').map(({ status }) => status)
      expect(new Set(statuses)).toEqual(new Set([504]))
      expect(of(facts, 'request').some(({ time }) => time >= (to ?? 0))).toBe(true)
    },
  )
})
