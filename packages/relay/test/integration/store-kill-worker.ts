import { parsePostgresAddress } from '@warren/database'
/**
 * A relay process to be killed: admits, answers and settles tasks indefinitely, and prints each step as soon as the store
 * has confirmed it. Arguments: technology, URL or path, collection IDs.
 */

import { DatabaseNodeQueue } from '../../src/queue/database-node-queue.ts'
import { openPostgresStore } from '../../src/store/postgres-store.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { TaskService } from '../../src/tasks/task-service.ts'
import { quietLog } from './store-bench.ts'
import { countOf, upstreamTask } from './tasks-bench.ts'
import { TASK_SETTINGS } from '../harness/task-settings.ts'

const [technology, url = '', ...nodes] = process.argv.slice(2)
const log = quietLog()
const store =
  technology === 'sqlite'
    ? openSqliteStore({ path: url, log })
    : openPostgresStore({ address: parsePostgresAddress(url), log })
const taskService = new TaskService({
  store,
  queue: new DatabaseNodeQueue({ store }),
  log,
  settings: TASK_SETTINGS,
  onEvent: (event) => {
    if (event.event === 'task settled') report('settled', event.taskId)
  },
})

function report(what: string, uuid: string): void {
  process.stdout.write(`${what} ${uuid}\n`)
}

async function poll(node: string): Promise<never> {
  for (;;) {
    const leased = await taskService.lease(node, { requestId: 'r', waitMs: 50 })
    if (leased === null) continue
    await taskService.storeResult(node, leased.subtaskId, countOf(30), 'r')
    report('answered', leased.taskId)
  }
}

async function admit(): Promise<never> {
  for (;;) {
    const task = upstreamTask()
    await taskService.admit('national', task)
    report('admitted', task.uuid)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

await Promise.all([admit(), ...nodes.map((node) => poll(node))])
