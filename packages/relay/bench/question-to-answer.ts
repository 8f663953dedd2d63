// How long does it take from a task of the upstream to the combined result at the upstream, with 4 nodes that hold polls and answer at once?
//
// Measured at the upstream, from the response that contains the task until the result is received, on SQLite and on PostgreSQL. Contains the
// relay with all its commits and the HTTP requests of 4 bunnies, but not the queries of the sites, and not the wait for the next poll of the
// upstream.
//
// Usage: npm run bench -- relay/question-to-answer -- [--questions 40]

import { parseArgs } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createDatabase,
  median,
  percentile,
  reportMeasurement,
  startServices,
  until,
} from '@warren/testkit'
import { availabilityTask, ScriptedUpstream } from '../test/harness/scripted-upstream.ts'
import { BenchBunny } from './harness/bench-bunny.ts'
import { addBenchNodes, temporarySqlite } from './harness/bench-nodes.ts'
import { ServerProcess } from './harness/server-process.ts'

const NODES = 4
const WARM_UP = 10
const { values: flags } = parseArgs({ options: { questions: { type: 'string', default: '40' } } })
const questions = Number(flags.questions)

async function ask(store: string, database: string): Promise<void> {
  await using upstream = await ScriptedUpstream.start()
  const nodes = await addBenchNodes(database, NODES)
  await using relay = await ServerProcess.relay({ RELAY_STORE: database, ...upstream.env() })
  await using bunnies = new AsyncDisposableStack()
  for (const node of nodes) bunnies.use(await BenchBunny.start(relay.url, node))

  const times: number[] = []
  for (let asked = 0; asked < WARM_UP + questions; asked += 1) {
    await delay(50)
    let handedOut = 0
    const task = JSON.stringify(availabilityTask('RQ-CC-EXAMPLE'))
    upstream.script('a', (_request, response) => {
      handedOut = performance.now()
      response.writeHead(200, { 'content-type': 'application/json' }).end(task)
    })
    await until(() => upstream.results().length > asked, { everyMs: 5 })
    times.push((upstream.results().at(-1)?.at ?? 0) - handedOut)
  }
  const measured = times.slice(WARM_UP)
  reportMeasurement({
    what: `question to answer, ${NODES} nodes, ${store}: p50`,
    value: median(measured),
    unit: 'ms',
    target: { of: 'value', atMost: 50 },
  })
  reportMeasurement({
    what: `question to answer, ${NODES} nodes, ${store}: p95`,
    value: percentile(measured, 0.95),
    unit: 'ms',
  })
}

{
  await using database = await temporarySqlite()
  await ask('SQLite', database.url)
}
await using _ = await startServices()
await using database = await createDatabase()
await ask('PostgreSQL', database.url)
