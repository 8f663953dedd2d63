/**
 * A relay process to be killed: asks, answers and settles without end, and says what is done as soon
 * as the store has said so. Arguments: technology, URL or path, node ids.
 */
import { DEFAULT_POLICY } from '@warren/disclosure'

import { DatabaseNodeQueue } from '../../src/queue/database-node-queue.ts'
import { openPostgresStore } from '../../src/store/postgres-store.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { TaskService } from '../../src/tasks/task-service.ts'
import { quietLog } from './store-bench.ts'
import { countOf, question } from './tasks-bench.ts'

const [technology, url = '', ...nodes] = process.argv.slice(2)
const log = quietLog()
const store =
  technology === 'sqlite' ? openSqliteStore({ path: url, log }) : openPostgresStore({ url, log })
const taskService = new TaskService({
  store,
  queue: new DatabaseNodeQueue({ store }),
  log,
  disclosure: DEFAULT_POLICY,
  onEvent: (event) => {
    if (event.event === 'task settled') say('settled', event.taskId)
  },
})

function say(what: string, uuid: string): void {
  process.stdout.write(`${what} ${uuid}\n`)
}

async function poll(node: string): Promise<never> {
  for (;;) {
    const given = await taskService.lease(node, { requestId: 'r', waitMs: 50 })
    if (given === null) continue
    await taskService.storeResult(node, given.subtaskId, countOf(30), 'r')
    say('answered', given.taskId)
  }
}

async function ask(): Promise<never> {
  for (;;) {
    const task = question()
    await taskService.admit('national', task)
    say('admitted', task.uuid)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

await Promise.all([ask(), ...nodes.map((node) => poll(node))])
