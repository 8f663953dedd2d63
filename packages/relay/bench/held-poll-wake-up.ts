// How long does it take from the admission of a task until all nodes whose polls are held have received it? 1,000 nodes hold a poll each, on
// SQLite and on PostgreSQL, and get one task after another.
//
// The time starts with the line `task admitted` in the log of the relay, and ends when the first byte of a response arrives. The connections
// are held by this program, which shares the machine with the relay.
//
// Usage: npm run bench -- relay/held-poll-wake-up -- [--nodes 1000] [--tasks 5] [--store sqlite|postgresql]

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
import { addBenchNodes, temporarySqlite } from './harness/bench-nodes.ts'
import { PollSocket } from './harness/poll-socket.ts'
import { ServerProcess } from './harness/server-process.ts'

const WAIT_SECONDS = 60
const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    tasks: { type: 'string', default: '5' },
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
  const log = relay.logLines()[Symbol.asyncIterator]()
  const sockets = await Promise.all(nodes.map((node) => PollSocket.open(relay.url, node)))
  for (const socket of sockets) await socket.poll()

  const p99s: number[] = []
  const firsts: number[] = []
  for (let task = 0; task < Number(flags.tasks); task += 1) {
    const held = sockets.map((socket) => socket.poll(WAIT_SECONDS))
    await delay(1_000)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    const admitted = timeOfAdmission(log)
    const responses = await Promise.all(held)
    const rejected = responses.filter(({ status }) => status !== 200)
    if (rejected.length > 0) throw new Error(`${rejected.length} polls got no task`)
    const start = await admitted
    const times = responses.map(({ at }) => at - start)
    p99s.push(percentile(times, 0.99))
    firsts.push(Math.min(...times))
  }
  for (const socket of sockets) socket[Symbol.dispose]()
  reportMeasurement({
    what: `${nodeCount} held polls, ${store}: p99 from admission to receipt`,
    value: median(p99s),
    unit: 'ms',
    target: { of: 'value', atMost: 300 },
  })
  reportMeasurement({
    what: `${nodeCount} held polls, ${store}: first receipt`,
    value: median(firsts),
    unit: 'ms',
  })
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
