// Does an empty poll cost more with two relays on PostgreSQL and RabbitMQ than with one relay on SQLite?
//
// 1,000 nodes are registered. Each relay is measured alone and in alternation with the relay on SQLite, 50 connections. The ratio is that of CPU
// time per poll.
//
// Usage: npm run bench -- relay/two-relays -- [--pairs 9] [--seconds 2]

import { parseArgs } from 'node:util'
import {
  createDatabase,
  createVhost,
  median,
  reportMeasurement,
  startServices,
} from '@warren/testkit'
import { addBenchNodes, type BenchNode, temporarySqlite } from './harness/bench-nodes.ts'
import { runLoad } from './harness/http-load.ts'
import { ServerProcess } from './harness/server-process.ts'

const NODES = 1_000
const CONNECTIONS = 50
const ORDER = ['alone', 'first', 'second'] as const
const { values: flags } = parseArgs({
  options: { pairs: { type: 'string', default: '9' }, seconds: { type: 'string', default: '2' } },
})

async function cpuMicros(server: ServerProcess, node: BenchNode): Promise<number> {
  const before = server.cpuSeconds()
  const { requests } = await runLoad({
    url: server.url + node.path,
    headers: node.headers,
    connections: CONNECTIONS,
    seconds: Number(flags.seconds),
  })
  return ((server.cpuSeconds() - before) / requests.total) * 1e6
}

await using _ = await startServices()
await using sqlite = await temporarySqlite()
await using postgres = await createDatabase()
await using vhost = await createVhost()
const [sqliteNode] = await addBenchNodes(sqlite.url, NODES)
const [node] = await addBenchNodes(postgres.url, NODES)
if (sqliteNode === undefined || node === undefined) throw new Error('no node was added')
await using alone = await ServerProcess.relay({ RELAY_STORE: sqlite.url })
const env = { RELAY_STORE: postgres.url, RELAY_QUEUE: vhost.url }
await using first = await ServerProcess.relay(env)
await using second = await ServerProcess.relay(env)

const pairs: { readonly alone: number; readonly first: number; readonly second: number }[] = []
for (let pair = 0; pair <= Number(flags.pairs); pair += 1) {
  const sample = { alone: 0, first: 0, second: 0 }
  // In turns, because the load of the machine changes slowly.
  for (const which of pair % 2 === 0 ? ORDER : ORDER.toReversed()) {
    const server = { alone, first, second }[which]
    sample[which] = await cpuMicros(server, which === 'alone' ? sqliteNode : node)
  }
  // The first one compiles the code.
  if (pair > 0) pairs.push(sample)
}
for (const which of ['first', 'second'] as const) {
  reportMeasurement({
    what: `CPU time of an empty poll, ${which} of two relays on PostgreSQL and RabbitMQ`,
    value: median(pairs.map((pair) => pair[which])),
    unit: 'µs',
    reference: { what: 'one relay on SQLite', value: median(pairs.map((pair) => pair.alone)) },
    ratio: median(pairs.map((pair) => pair.alone / pair[which])),
    target: { of: 'ratio', atLeast: 0.9 },
  })
}
