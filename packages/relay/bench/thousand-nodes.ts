// How much memory does a relay need for 1,000 nodes that poll every 5 seconds?
//
// Resident memory, at its highest in samples of a second, on SQLite. Every node has its own connection, as a bunny has. The first
// five seconds count as well: all nodes log in then.
//
// Usage: npm run bench -- relay/thousand-nodes -- [--nodes 1000] [--seconds 60] [--node-flag=FLAG …]

import { parseArgs } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { reportMeasurement } from '@warren/testkit'
import { addBenchNodes, temporarySqlite } from './harness/bench-nodes.ts'
import { PollSocket } from './harness/poll-socket.ts'
import { ServerProcess } from './harness/server-process.ts'

const POLL_EVERY_MS = 5_000
const { values: flags } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
    'node-flag': { type: 'string', multiple: true, default: [] },
  },
})

await using database = await temporarySqlite()
const nodes = await addBenchNodes(database.url, Number(flags.nodes))
await using relay = await ServerProcess.relay(
  { RELAY_STORE: database.url },
  { nodeFlags: flags['node-flag'] },
)
const idleMb = relay.memory().residentMb
const sockets = await Promise.all(nodes.map((node) => PollSocket.open(relay.url, node)))
const end = performance.now() + Number(flags.seconds) * 1_000
const cpuBefore = relay.cpuSeconds()
let highestMb = 0
let polls = 0

async function pollEvery(socket: PollSocket, startMs: number): Promise<void> {
  await delay(startMs)
  while (performance.now() < end) {
    const next = performance.now() + POLL_EVERY_MS
    const { status } = await socket.poll()
    if (status !== 204) throw new Error(`a poll was answered ${status}`)
    polls += 1
    await delay(Math.max(0, Math.min(next, end) - performance.now()))
  }
}

const sampling = setInterval(() => {
  highestMb = Math.max(highestMb, relay.memory().residentMb)
}, 1_000)
await Promise.all(
  sockets.map((socket, at) => pollEvery(socket, (at / sockets.length) * POLL_EVERY_MS)),
)
clearInterval(sampling)
for (const socket of sockets) socket[Symbol.dispose]()

reportMeasurement({ what: 'resident memory after the start', value: idleMb, unit: 'MB' })
reportMeasurement({
  what: `resident memory, ${sockets.length} nodes polling every 5 s`,
  value: highestMb,
  unit: 'MB',
  target: { of: 'value', atMost: 200 },
})
reportMeasurement({
  what: `share of a core, ${sockets.length} nodes polling every 5 s`,
  value: ((relay.cpuSeconds() - cpuBefore) / Number(flags.seconds)) * 100,
  unit: '%',
})
if (polls === 0) throw new Error('no poll was answered')
