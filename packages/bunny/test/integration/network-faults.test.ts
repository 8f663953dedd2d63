import { FaultProxy, until } from '@warren/testkit'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DuckDbSource } from '../../src/sources/duckdb-source.ts'
import { LeasingRelay, type Interference, type RequestStep } from '../support/leasing-relay.ts'
import { COLLECTION, runBunny, type RunningBunny } from '../support/running-bunny.ts'
import { CONCEPT, duckDbHospital } from '../support/small-hospital.ts'
import { availability, distribution, person } from '../support/tasks.ts'

/** `WARREN_FAULT_ROUNDS=20 WARREN_FAULT_SEED=5 npx vitest run packages/bunny/test/integration/network-faults.test.ts` */
const SEED = Number(process.env['WARREN_FAULT_SEED'] ?? 1)
const ROUNDS = Number(process.env['WARREN_FAULT_ROUNDS'] ?? 1)
/** A request that stalls takes 11 s, and all of them take turns. */
const TIMEOUT_MS = 60_000 + ROUNDS * 120_000
const TASKS_PER_ROUND = 24

let source: DuckDbSource
let close: () => void
beforeAll(async () => {
  const hospital = await duckDbHospital()
  source = hospital.source
  close = () => hospital.instance.closeSync()
})
afterAll(async () => {
  await source[Symbol.asyncDispose]()
  close()
})

const PAGE = {
  status: 200,
  body: '<!doctype html><title>Welcome</title>',
  headers: { 'content-type': 'text/html' },
}
const BAD_GATEWAY = { ...PAGE, status: 502 }
const BUSY = { status: 503, headers: { 'retry-after': '0' } }

/** What happens to requests at each step, once per round. */
const FAULTS: Readonly<Record<RequestStep, readonly Interference[]>> = {
  polling: ['cut', { status: 500 }, BAD_GATEWAY, PAGE, 'half'],
  'handed out': ['cut', BUSY, PAGE, 'half'],
  posting: ['cut', 'stall', { status: 500 }, { status: 429 }, BAD_GATEWAY, PAGE, BUSY],
  // The bunny does not see that its result is stored, submits it again and gets 409.
  accepted: ['cut', 'stall', { status: 500 }, BAD_GATEWAY, PAGE, 'half'],
}

/** The faults of a step in an order that the seed determines, between requests that pass. */
function shuffled(step: RequestStep): Interference[] {
  const faults = Array.from({ length: ROUNDS }, () => FAULTS[step]).flat()
  const all = [...faults, ...faults.map(() => undefined)]
  const order = fc.shuffledSubarray([...all.keys()], { minLength: all.length })
  const [positions = []] = fc.sample(order, { seed: SEED, numRuns: 1 })
  return positions.map((position) => all[position])
}

/** Asks every kind of task, and returns the uuids. */
function askAll(relay: LeasingRelay): string[] {
  return Array.from({ length: TASKS_PER_ROUND * ROUNDS }, (_, index) => {
    const address = { uuid: `task-${String(index)}`, collection: COLLECTION }
    relay.ask(
      index % 3 === 0
        ? { ...distribution('GENERIC', address), ...address }
        : availability([person(String(CONCEPT.male))], address),
    )
    return address.uuid
  })
}

/** The tasks of which the bunny knows that their result was accepted. */
const submittedTasks = ({ lines }: RunningBunny): Set<unknown> =>
  new Set(lines.filter(({ msg }) => msg === 'result submitted').map((line) => line['taskId']))

/** Every task has one result, the true one, and the bunny knows that each was accepted. */
async function everyTaskIsAnswered(
  relay: LeasingRelay,
  bunny: RunningBunny,
  tasks: readonly string[],
): Promise<void> {
  const isDone = (): boolean =>
    relay.unanswered.length === 0 && submittedTasks(bunny).size === tasks.length
  await until(isDone, {
    timeoutMs: TIMEOUT_MS - 30_000,
    what: `all answers, seed ${String(SEED)}`,
  })
  expect(relay.accepted).toHaveLength(tasks.length)
  const [generic, ...others] = relay.accepted.filter(({ queryResult }) => queryResult.files.length)
  for (const other of others) expect(other.queryResult).toEqual(generic?.queryResult)
  expect(others).toHaveLength(tasks.length / 3 - 1)
  for (const { status, queryResult } of relay.accepted) {
    expect(status).toBe('ok')
    if (queryResult.files.length === 0) expect(queryResult.count).toBe(30)
  }
  expect(relay.unknown).toEqual([])
  for (const late of relay.late) expect(late).toEqual(relay.resultOf(late.uuid))
  expect(bunny.events).not.toContain('result lost')
  expect(bunny.events).not.toContain('result rejected')
}

describe('a bunny on a bad network', () => {
  it(
    'answers every task once while requests are cut, stall or get the response of a proxy',
    async () => {
      const faults = {
        polling: shuffled('polling'),
        'handed out': shuffled('handed out'),
        posting: shuffled('posting'),
        accepted: shuffled('accepted'),
      }
      let bunny: RunningBunny | undefined
      const mistaken = new Set<string>()
      await using relay = await LeasingRelay.start({
        leaseMs: 1000,
        interfere: (step, uuid) => {
          // The bunny took the response of a proxy for that of the relay.
          if (step === 'handed out' && bunny && submittedTasks(bunny).has(uuid)) mistaken.add(uuid)
          return faults[step].shift()
        },
      })
      const tasks = askAll(relay)
      await using running = await runBunny(relay, source, {
        TASK_API_TIMEOUT: '1s',
        POLL_WAIT_SECONDS: '0',
      })
      bunny = running
      await everyTaskIsAnswered(relay, running, tasks)
      expect([...mistaken]).toEqual([])
      expect(Object.values(faults).flat()).toEqual([])
      expect(relay.late.length).toBeGreaterThan(0)
    },
    TIMEOUT_MS,
  )

  it(
    'answers every task once while connections are reset, refused, slow or half open',
    async () => {
      await using relay = await LeasingRelay.start({ leaseMs: 1000 })
      await using proxy = await FaultProxy.start(relay.url)
      const tasks = askAll(relay)
      await using bunny = await runBunny({ url: proxy.url(relay.url) }, source, {
        POLL_WAIT_SECONDS: '0',
      })
      const fault = fc.record({
        kind: fc.constantFrom('reset', 'refuse', 'blackhole', 'delay'),
        forMs: fc.integer({ min: 20, max: 300 }),
        calmMs: fc.integer({ min: 0, max: 150 }),
      })
      for (const { kind, forMs, calmMs } of fc.sample(fault, {
        seed: SEED,
        numRuns: 20 * ROUNDS,
      })) {
        if (kind === 'delay') proxy.delay(forMs / 4)
        else await proxy[kind]()
        await sleep(forMs)
        await proxy.forward()
        await sleep(calmMs)
      }
      await everyTaskIsAnswered(relay, bunny, tasks)
    },
    TIMEOUT_MS,
  )
})

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
