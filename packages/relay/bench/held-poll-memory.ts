// How much memory does a held poll cost? 5,000 polls are held, for 1,000 nodes, and compared with the same number of requests that a bare
// `node:http` server holds.
//
// Memory is read after garbage collections, before the polls and while they are held. "In use" is the heap and what belongs to it outside. Resident
// memory also contains what the allocators keep for later: V8's space for new objects alone grows by up to 45 MB, 9 KB for each of 5,000 polls, in
// any server that receives so many connections.
//
// Usage: npm run bench -- relay/held-poll-memory -- [--polls 5000] [--node-flag=FLAG …]

import { parseArgs } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { reportMeasurement } from '@warren/testkit'
import { addBenchNodes, temporarySqlite } from './harness/bench-nodes.ts'
import { PollSocket } from './harness/poll-socket.ts'
import { ServerProcess } from './harness/server-process.ts'

const NODES = 1_000
const WAIT_SECONDS = 120
const { values: flags } = parseArgs({
  options: {
    polls: { type: 'string', default: '5000' },
    'node-flag': { type: 'string', multiple: true, default: [] },
  },
})
const polls = Number(flags.polls)

await using database = await temporarySqlite()
const nodes = await addBenchNodes(database.url, NODES)

async function bytesPerPoll(server: ServerProcess): Promise<{ used: number; resident: number }> {
  // One connection per node logs it in, and all code is compiled.
  for (const node of nodes) {
    using socket = await PollSocket.open(server.url, node)
    await socket.poll()
  }
  const first = await held(server, NODES, 1)
  await delay(2_500)
  for (const socket of first) socket[Symbol.dispose]()
  const before = await server.settledMemory()
  const sockets = await held(server, polls, WAIT_SECONDS)
  await delay(1_000)
  const after = await server.settledMemory()
  for (const socket of sockets) socket[Symbol.dispose]()
  return {
    used: (after.used - before.used) / polls,
    resident: (after.resident - before.resident) / polls,
  }
}

async function held(server: ServerProcess, count: number, seconds: number): Promise<PollSocket[]> {
  const sockets: PollSocket[] = []
  for (let at = 0; at < count; at += 1) {
    const node = nodes[at % nodes.length]
    if (node === undefined) break
    const socket = await PollSocket.open(server.url, node)
    socket.poll(seconds).catch(() => undefined)
    sockets.push(socket)
  }
  return sockets
}

const options = { reportsHeap: true, nodeFlags: flags['node-flag'] }
await using relay = await ServerProcess.relay(
  { RELAY_STORE: database.url, RELAY_MAX_WAIT: `${WAIT_SECONDS}s` },
  options,
)
const ofRelay = await bytesPerPoll(relay)
await using bare = await ServerProcess.bare(options)
const ofBare = await bytesPerPoll(bare)

for (const [kind, what] of [
  ['used', 'memory in use by a held poll'],
  ['resident', 'resident memory of a held poll'],
] as const) {
  reportMeasurement({
    what,
    value: ofRelay[kind] / 1024,
    unit: 'KB',
    reference: { what: 'bare node:http', value: ofBare[kind] / 1024 },
    ratio: ofBare[kind] / ofRelay[kind],
    ...(kind === 'used' ? { target: { of: 'value', atMost: 10 } as const } : {}),
  })
}
