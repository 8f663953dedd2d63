// How long does it take from the admission of a task until all nodes whose polls are held have received it? 1,000 nodes hold a poll each, on
// SQLite and on PostgreSQL, and get one task after another.
//
// The time starts with the line `task admitted` in the log of the relay, and ends when the first byte of a response arrives. The connections
// are held by this program, which shares the machine with the relay. A bare `node:http` server that releases as many requests with the same
// bytes shows the part of this program and of the machine.
//
// Usage: npm run bench -- relay/held-poll-wake-up -- [--nodes 1000] [--tasks 6] [--store sqlite|postgresql]

import { parseArgs } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createDatabase,
  median,
  percentile,
  reportMeasurement,
  startServices,
} from '@warren/testkit'
import { z } from 'zod'
import { availabilityTask, ScriptedUpstream } from '../test/harness/scripted-upstream.ts'
import { addBenchNodes, type BenchNode, temporarySqlite } from './harness/bench-nodes.ts'
import { PollSocket } from './harness/poll-socket.ts'
import { ServerProcess } from './harness/server-process.ts'

const WAIT_SECONDS = 60
const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    tasks: { type: 'string', default: '6' },
    store: { type: 'string' },
  },
})
const nodeCount = Number(flags.nodes)
const lineSchema = z.looseObject({ msg: z.string(), time: z.number() })

async function wakeUp(store: string, database: string): Promise<void> {
  await using upstream = await ScriptedUpstream.start()
  const nodes = await addBenchNodes(database, nodeCount)
  await using relay = await ServerProcess.relay(
    { RELAY_STORE: database, RELAY_MAX_WAIT: `${WAIT_SECONDS}s`, ...upstream.env() },
    { keepLog: true },
  )
  await using bare = await ServerProcess.bare()
  const log = relay.logLines()[Symbol.asyncIterator]()
  const ofRelay = await openPolls(relay, nodes)
  for (const socket of ofRelay) await socket.poll()
  // Not before: a server closes connections on which nothing is sent.
  const ofBare = await openPolls(bare, nodes)

  const samples: { readonly relay: Sample; readonly bare: Sample }[] = []
  for (let task = 0; task < Number(flags.tasks); task += 1) {
    let body = ''
    const sample = await release(
      relay,
      ofRelay,
      async () => {
        upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
        return timeOfAdmission(log)
      },
      (text) => (body = text),
    )
    const reference = await release(bare, ofBare, async () => {
      const start = Date.now()
      await fetch(bare.url, { method: 'POST', body })
      return start
    })
    // The first one compiles the code.
    if (task > 0) samples.push({ relay: sample, bare: reference })
  }
  for (const socket of [...ofRelay, ...ofBare]) socket[Symbol.dispose]()
  const what = `${nodeCount} held polls, ${store}`
  const of = (figure: keyof Sample, which: 'relay' | 'bare'): number =>
    median(samples.map((sample) => sample[which][figure]))
  reportMeasurement({
    what: `${what}: p99 from admission to receipt`,
    value: of('p99Ms', 'relay'),
    unit: 'ms',
    reference: { what: 'bare node:http', value: of('p99Ms', 'bare') },
    ratio: of('p99Ms', 'bare') / of('p99Ms', 'relay'),
    target: { of: 'value', atMost: 300 },
  })
  reportMeasurement({
    what: `${what}: first receipt`,
    value: of('firstMs', 'relay'),
    unit: 'ms',
    reference: { what: 'bare node:http', value: of('firstMs', 'bare') },
  })
  reportMeasurement({
    what: `${what}: CPU time of the server for all of them`,
    value: of('cpuMs', 'relay'),
    unit: 'ms',
    reference: { what: 'bare node:http', value: of('cpuMs', 'bare') },
    ratio: of('cpuMs', 'bare') / of('cpuMs', 'relay'),
  })
}

interface Sample {
  readonly p99Ms: number
  readonly firstMs: number
  readonly cpuMs: number
}

/** Holds a poll on each connection, and measures from the time that `start` returns until all are answered. */
async function release(
  server: ServerProcess,
  sockets: readonly PollSocket[],
  start: () => Promise<number>,
  onBody: (text: string) => void = () => {},
): Promise<Sample> {
  const held = sockets.map((socket) => socket.poll(WAIT_SECONDS))
  await delay(1_000)
  const cpu = server.cpuSeconds()
  const started = start()
  const responses = await Promise.all(held)
  const cpuMs = (server.cpuSeconds() - cpu) * 1_000
  const rejected = responses.filter(({ status }) => status !== 200)
  if (rejected.length > 0) throw new Error(`${rejected.length} polls got no task`)
  const startedAt = await started
  onBody(responses[0]?.text ?? '')
  const times = responses.map(({ at }) => at - startedAt)
  return { p99Ms: percentile(times, 0.99), firstMs: Math.min(...times), cpuMs }
}

async function openPolls(
  server: ServerProcess,
  nodes: readonly BenchNode[],
): Promise<readonly PollSocket[]> {
  return Promise.all(nodes.map((node) => PollSocket.open(server.url, node)))
}

async function timeOfAdmission(log: AsyncIterator<string>): Promise<number> {
  for (;;) {
    const line = await log.next()
    if (line.done === true) throw new Error('the relay has ended')
    const { msg, time } = lineSchema.parse(JSON.parse(line.value))
    if (msg === 'task admitted') return time
  }
}

if (flags.store !== 'postgresql') {
  await using database = await temporarySqlite()
  await wakeUp('SQLite', database.url)
}
if (flags.store !== 'sqlite') {
  await using _ = await startServices()
  await using database = await createDatabase()
  await wakeUp('PostgreSQL', database.url)
}
