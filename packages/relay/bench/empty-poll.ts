// How much does an empty poll cost, compared with the least that Node.js can do: a bare `node:http` server that answers 204?
//
// Both servers run in their own process and are measured in alternation, with the headers of a Python bunny on 50 connections. The
// ratio is that of CPU time, because wall time depends on what else the machine does. The login is cached, as from the second poll on.
//
// Usage: npm run bench -- relay/empty-poll -- [--pairs 11] [--seconds 2] [--connections 50]

import { parseArgs } from 'node:util'
import { median, reportMeasurement } from '@warren/testkit'
import { addBenchNodes, temporarySqlite } from './harness/bench-nodes.ts'
import { runLoad } from './harness/http-load.ts'
import { ServerProcess } from './harness/server-process.ts'

const { values: flags } = parseArgs({
  options: {
    pairs: { type: 'string', default: '11' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '50' },
  },
})

await using database = await temporarySqlite()
const [node] = await addBenchNodes(database.url, 1_000)
if (node === undefined) throw new Error('no node was added')
const { path, headers } = node
await using relay = await ServerProcess.relay({ RELAY_STORE: database.url })
await using bare = await ServerProcess.bare()

interface Sample {
  readonly cpuMicros: number
  readonly perSecond: number
  readonly p99Ms: number
}

async function sample(server: ServerProcess, seconds: number): Promise<Sample> {
  const before = server.cpuSeconds()
  const { requests, latency } = await runLoad({
    url: server.url + path,
    headers,
    connections: Number(flags.connections),
    seconds,
  })
  const cpuMicros = ((server.cpuSeconds() - before) / requests.total) * 1e6
  return { cpuMicros, perSecond: requests.average, p99Ms: latency.p99 }
}

await sample(relay, 2)
await sample(bare, 2)
const pairs: { readonly relay: Sample; readonly bare: Sample }[] = []
for (let pair = 0; pair < Number(flags.pairs); pair += 1) {
  const seconds = Number(flags.seconds)
  pairs.push({ relay: await sample(relay, seconds), bare: await sample(bare, seconds) })
}

function report(what: string, unit: string, of: (sample: Sample) => number, limit?: number): void {
  const isRate = unit === 'per s'
  const ratioOf = (mine: number, other: number) => (isRate ? mine / other : other / mine)
  reportMeasurement({
    what,
    value: median(pairs.map((pair) => of(pair.relay))),
    unit,
    reference: { what: 'bare node:http', value: median(pairs.map((pair) => of(pair.bare))) },
    ratio: median(pairs.map((pair) => ratioOf(of(pair.relay), of(pair.bare)))),
    ...(limit === undefined ? {} : { target: { of: 'ratio', atLeast: limit } as const }),
  })
}

report('CPU time of an empty poll', 'µs', (one) => one.cpuMicros, 0.6)
report('empty polls', 'per s', (one) => one.perSecond)
report('empty poll, p99', 'ms', (one) => one.p99Ms)
