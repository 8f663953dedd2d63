import { type CliIo, formatTable, writeTable } from '@warren/runtime'
import { type Command, InvalidArgumentError } from 'commander'
import { nodeNames } from '../nodes/node-name.ts'
import type { TaskEntry } from '../store/task-directory.ts'
import { stateWord, TaskManager } from '../tasks/task-manager.ts'
import { TASK_STATES, type TaskState } from '../vocabulary/task-states.ts'
import { ago, confirm, note, type Output, roughly, show } from './command-output.ts'
import { withStore } from './command-store.ts'

const MAX_LISTED = 1_000

interface ListFlags extends Output {
  readonly state?: readonly TaskState[]
  readonly limit: number
}

/** `warren relay tasks …`: every task on its way, what failed, and two ways to act on it. */
export function addTaskCommands(relay: Command, io: CliIo): void {
  const tasks = relay
    .command('tasks')
    .description('see tasks on their way, retry submissions, cancel tasks')
    .addHelpText(
      'after',
      `
A task is named by its uuid, by its ID, or by the beginning of one of them. States:
  open        nodes are asked
  settled     the combined result waits to be submitted
  submitted   the upstream has the result
  dead        the result could not be submitted in time: "tasks show" says why

Examples:
  warren relay tasks list --state open
  warren relay tasks show 6f1c
  warren relay tasks retry 6f1c      submit the result of a dead task once more
  warren relay tasks cancel 6f1c     the upstream receives an error at once`,
    )

  tasks
    .command('list')
    .description('list tasks, newest first; neither questions nor counts are shown')
    .option('--state <states>', `only these states, separated by commas`, states)
    .option('--limit <number>', `at most this many (up to ${MAX_LISTED})`, limit, 20)
    .option('--json', 'print a list of tasks')
    .action(async (flags: ListFlags) => {
      const { listed, now } = await withStore(io, async (store) => ({
        listed: await store.directory.list({
          limit: flags.limit,
          ...(flags.state === undefined ? {} : { states: flags.state }),
        }),
        now: await store.readTime(),
      }))
      show(
        io,
        flags,
        listed.map(taskJson),
        ['Task', 'Kind', 'State', 'Received', 'Answered', 'Note'],
        listed.map((task) => [
          task.uuid,
          task.type === 'none' ? task.kind : task.type,
          stateWord(task),
          ago(now - task.receivedAt),
          `${task.answered} of ${task.asked}`,
          noteOn(task, now),
        ]),
      )
      if (listed.length === 0) note(io, 'No tasks.')
    })

  tasks
    .command('show')
    .argument('<task>', 'uuid or ID, or its beginning')
    .description('show one task and what each node did with it')
    .option('--json', 'print a JSON object')
    .action(async (text: string, options: Output) => {
      await withStore(io, async (store) => {
        const { task, subtasks } = await new TaskManager(store).show(text)
        const names = nodeNames(await store.users.listNodes())
        const now = await store.readTime()
        if (options.json === true) {
          const nodes = subtasks.map((subtask) => ({
            ...subtask,
            node: names.get(subtask.nodeId) ?? null,
          }))
          io.stdout.write(`${JSON.stringify({ ...taskJson(task), nodes })}\n`)
          return
        }
        writeTable(io, detailsOf(task, now))
        io.stdout.write('\n')
        writeTable(
          io,
          subtasks.map(({ nodeId, state, status, attempts, askedAt, answeredAt }) => [
            names.get(nodeId) ?? nodeId,
            status === 'error' ? 'failed' : state,
            attempts,
            answeredAt === null ? '-' : roughly(answeredAt - askedAt),
          ]),
          { head: ['Node', 'State', 'Handed out', 'Answered after'] },
        )
      })
    })

  tasks
    .command('retry')
    .argument('<task...>', 'uuids or IDs of dead tasks, or their beginnings')
    .description('submit the results of dead tasks once more')
    .action(async (texts: string[]) => {
      await withStore(io, async (store) => {
        const manager = new TaskManager(store)
        for (const text of texts) printState(io, await manager.retry(text))
      })
    })

  tasks
    .command('cancel')
    .argument('<task>', 'uuid or ID of an open task, or its beginning')
    .description('settle an open task with an error, and tell the upstream')
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (text: string, options: { yes?: boolean }) => {
      await withStore(io, async (store) => {
        const manager = new TaskManager(store)
        const task = await manager.find(text)
        await confirm(
          io,
          options.yes,
          `Cancel ${task.uuid}? ${task.answered} of ${task.asked} nodes have answered.`,
        )
        printState(io, await manager.cancel(task.taskId))
      })
    })
}

function printState(io: CliIo, task: TaskEntry): void {
  io.stdout.write(formatTable([[task.uuid, stateWord(task)]], { tty: false }))
}

function taskJson(task: TaskEntry) {
  const { receivedAt, deadlineAt, settledAt, closedAt, ...rest } = task
  return {
    ...rest,
    state: stateWord(task),
    received: iso(receivedAt),
    deadline: iso(deadlineAt),
    settled: settledAt === null ? null : iso(settledAt),
    closed: closedAt === null ? null : iso(closedAt),
  }
}

function noteOn(task: TaskEntry, now: number): string {
  if (task.state === 'open') {
    const left = task.deadlineAt - now
    return left > 0 ? `${roughly(left)} left` : 'deadline passed'
  }
  if (task.submissionCause === null) return ''
  return task.state === 'settled'
    ? `attempt ${task.submissionAttempts}: ${task.submissionCause}`
    : task.submissionCause
}

function detailsOf(task: TaskEntry, now: number): (readonly [string, string])[] {
  return [
    ['Task', task.uuid],
    ['ID', task.taskId],
    ['Upstream', task.upstream],
    ['Kind', task.type === 'none' ? `${task.kind} (not supported)` : task.type],
    ['State', stateWord(task)],
    ['Received', `${iso(task.receivedAt)} (${ago(now - task.receivedAt)})`],
    ['Deadline', iso(task.deadlineAt)],
    ...timeRow('Settled', task.settledAt),
    ...timeRow(task.state === 'dead' ? 'Given up' : 'Submitted', task.closedAt),
    ['Answered', `${task.answered} of ${task.asked}`],
    ['Submissions', String(task.submissionAttempts)],
    ...(task.submissionCause === null ? [] : [['Last failure', task.submissionCause] as const]),
  ]
}

function timeRow(name: string, time: number | null): (readonly [string, string])[] {
  return time === null ? [] : [[name, iso(time)]]
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

function states(text: string): readonly TaskState[] {
  const words = new Map(TASK_STATES.map((state) => [stateWord({ state }), state]))
  return text.split(',').map((word) => {
    const state = words.get(word.trim().toLowerCase())
    if (state === undefined)
      throw new InvalidArgumentError(`Expected ${[...words.keys()].join(', ')}.`)
    return state
  })
}

function limit(text: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (number < 1 || number > MAX_LISTED) {
    throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_LISTED}.`)
  }
  return number
}
