// How many tasks per second does a relay process from admission to the submitted result, with 20 nodes, and where does the time go?
//
// The upstream hands out a task at every poll. Each node is a bunny that holds two polls and answers at once, over HTTP. SQLite, PostgreSQL, and
// PostgreSQL with RabbitMQ; one relay process each. CPU time is that of the relay and, apart from it, of the database server.
//
// Usage: npm run bench -- relay/tasks-per-second -- [--tasks 150] [--nodes 20]

import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  createDatabase,
  createVhost,
  reportMeasurement,
  startServices,
  until,
} from '@warren/testkit'
import { availabilityTask, ScriptedUpstream } from '../test/harness/scripted-upstream.ts'
import { BenchBunny } from './harness/bench-bunny.ts'
import { addBenchNodes, temporarySqlite } from './harness/bench-nodes.ts'
import { ServerProcess } from './harness/server-process.ts'

const POLLS_PER_NODE = 2
const WARM_UP = 20
const TICKS = 100
const { values: flags } = parseArgs({
  options: { tasks: { type: 'string', default: '150' }, nodes: { type: 'string', default: '20' } },
})
const tasks = Number(flags.tasks)
const nodeCount = Number(flags.nodes)

async function process(name: string, env: { RELAY_STORE: string; RELAY_QUEUE?: string }) {
  await using upstream = await ScriptedUpstream.start()
  const nodes = await addBenchNodes(env.RELAY_STORE, nodeCount)
  await using relay = await ServerProcess.relay({ ...env, ...upstream.env() })
  await using bunnies = new AsyncDisposableStack()
  for (const node of nodes) bunnies.use(await BenchBunny.start(relay.url, node, POLLS_PER_NODE))

  const answered = async (count: number): Promise<void> => {
    const expected = upstream.results().length + count
    for (let task = 0; task < count; task += 1) upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    await until(() => upstream.results().length >= expected, { timeoutMs: 120_000, everyMs: 5 })
  }
  await answered(WARM_UP)
  const cpu = { relay: relay.cpuSeconds(), database: databaseCpuSeconds() }
  const started = performance.now()
  await answered(tasks)
  const seconds = (performance.now() - started) / 1_000
  const what = `${nodeCount} nodes, ${name}`
  reportMeasurement({ what: `${what}: tasks per second`, value: tasks / seconds, unit: 'per s' })
  reportMeasurement({
    what: `${what}: CPU time of the relay for a task`,
    value: ((relay.cpuSeconds() - cpu.relay) / tasks) * 1_000,
    unit: 'ms',
  })
  if (!env.RELAY_STORE.startsWith('sqlite')) {
    reportMeasurement({
      what: `${what}: CPU time of PostgreSQL for a task`,
      value: ((databaseCpuSeconds() - cpu.database) / tasks) * 1_000,
      unit: 'ms',
    })
  }
}

/** Of all PostgreSQL processes that belong to the user of this program: the backends of the relay outlive a run. */
function databaseCpuSeconds(): number {
  let ticks = 0
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const stat = textOf(`/proc/${id}/stat`)
    if (!stat.includes('(postgres)')) continue
    const fields = stat.split(') ')[1]?.split(' ') ?? []
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / TICKS
}

/** '' if the process has ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

{
  await using database = await temporarySqlite()
  await process('SQLite', { RELAY_STORE: database.url })
}
await using _ = await startServices()
{
  await using database = await createDatabase()
  await process('PostgreSQL', { RELAY_STORE: database.url })
}
await using database = await createDatabase()
await using vhost = await createVhost()
await process('PostgreSQL and RabbitMQ', { RELAY_STORE: database.url, RELAY_QUEUE: vhost.url })
