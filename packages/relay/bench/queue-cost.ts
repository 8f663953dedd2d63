/**
 * Measures the cost of an empty poll, and how many subtasks per second a relay hands out and stores the results of, on
 * SQLite, on PostgreSQL, and on PostgreSQL with RabbitMQ.
 *
 *     npx node packages/relay/bench/queue-cost.ts
 *
 * PostgreSQL and RabbitMQ are measured only if WARREN_BENCH_POSTGRES_URL (an empty database) and WARREN_BENCH_AMQP_URL
 * (an empty virtual host) are set. SQLite writes to the temporary folder, so a commit takes as long as an fsync of its
 * disk.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { newUuid } from '@warren/runtime'
import { countResult, serializeResult } from '@warren/task-api'

import { DatabaseNodeQueue } from '../src/queue/database-node-queue.ts'
import type { NodeQueue } from '../src/queue/node-queue.ts'
import { RabbitNodeQueue } from '../src/queue/rabbit-node-queue.ts'
import { openPostgresStore } from '../src/store/postgres-store.ts'
import type { RelayStore } from '../src/store/relay-store.ts'
import { openSqliteStore } from '../src/store/sqlite-store.ts'
import { TaskService } from '../src/tasks/task-service.ts'
import { quietLog } from '../test/integration/store-bench.ts'
import { COMBINE_OPTIONS } from '../test/harness/combine-options.ts'

const NODES = 20
const TASKS = 100
const POLLERS_PER_NODE = 1
const EMPTY_POLLS = 200_000

async function measure(name: string, store: RelayStore, queue: NodeQueue): Promise<void> {
  await store.migrate()
  const user = await store.users.addUser({ name: newUuid(), passwordHash: '-', declared: false })
  const nodes: string[] = []
  for (let made = 0; made < NODES; made++) nodes.push((await store.users.addNode(user.id)).id)
  while (!store.events.live || !queue.status().available) await pause(20)
  const log = quietLog()
  await using taskService = new TaskService({ store, queue, log, ...COMBINE_OPTIONS })

  const admission = await timed(async () => {
    for (let admitted = 0; admitted < TASKS; admitted++) {
      await taskService.admit('bench', { uuid: newUuid(), collection: 'c', cohort: {} })
    }
    await taskService.idle()
  })
  let answered = 0
  const cpuBefore = process.cpuUsage()
  const work = await timed(() =>
    Promise.all(
      nodes.flatMap((node) =>
        Array.from({ length: POLLERS_PER_NODE }, async () => {
          for (;;) {
            const given = await taskService.lease(node, { requestId: 'bench' })
            if (given === null) return
            const result = Buffer.from(
              serializeResult(countResult({ uuid: '', collection: '' }, 100)),
            )
            await taskService.storeResult(node, given.subtaskId, result, 'bench')
            answered++
          }
        }),
      ),
    ),
  )
  await taskService.idle()

  // Unlike the rate, CPU time does not depend on the load of the machine.
  const cpu = process.cpuUsage(cpuBefore)
  const cpuMs = (cpu.user + cpu.system) / 1000 / answered

  const [node = ''] = nodes
  while (queue.mayHaveWork(node)) await taskService.lease(node, { requestId: 'bench' })
  const empty = await timed(async () => {
    for (let poll = 0; poll < EMPTY_POLLS; poll++)
      await taskService.lease(node, { requestId: 'bench' })
  })
  let withoutWork = 0
  const hints = await timed(async () => {
    for (let poll = 0; poll < EMPTY_POLLS; poll++) if (!queue.mayHaveWork(node)) withoutWork++
  })
  if (withoutWork !== EMPTY_POLLS) throw new Error('the node still has work')
  print(
    [
      name.padEnd(22),
      `admission for ${NODES} nodes ${(admission / TASKS).toFixed(1)} ms`,
      `lease + result ${Math.round((answered / work) * 1000)}/s (${answered}), ${cpuMs.toFixed(2)} ms of this process's CPU each`,
      `empty poll ${((empty / EMPTY_POLLS) * 1e6).toFixed(0)} ns`,
      `of which the hint ${((hints / EMPTY_POLLS) * 1e6).toFixed(0)} ns`,
    ].join(' · '),
  )
  await queue[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
print(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, commit ${commit}`)
const log = quietLog()
const folder = mkdtempSync(join(tmpdir(), 'warren-bench-'))
const sqlite = openSqliteStore({ path: join(folder, 'relay.db'), log })
await measure('SQLite', sqlite, new DatabaseNodeQueue({ store: sqlite }))
rmSync(folder, { recursive: true })

const postgresUrl = process.env['WARREN_BENCH_POSTGRES_URL']
if (postgresUrl !== undefined) {
  const store = openPostgresStore({ url: postgresUrl, log })
  await measure('PostgreSQL', store, new DatabaseNodeQueue({ store }))
  const amqpUrl = process.env['WARREN_BENCH_AMQP_URL']
  if (amqpUrl !== undefined) {
    const other = openPostgresStore({ url: postgresUrl, log })
    const queue = new RabbitNodeQueue({ store: other, url: amqpUrl, log })
    await measure('PostgreSQL + RabbitMQ', other, queue)
  }
}
