import { setTimeout as delay } from 'node:timers/promises'
import { type CliIo, ExitCode, ProgramError, styles, writeTable } from '@warren/runtime'
import type { Command } from 'commander'
import { NodeManager, type NodeOverview, type NodeState } from '../nodes/node-manager.ts'
import type { RelayStore } from '../store/relay-store.ts'
import type { LeaderEntry, TaskEntry } from '../store/task-directory.ts'
import type { StoreCounts } from '../store/task-store.ts'
import { ago, type Output, roughly } from './command-output.ts'
import { withStore } from './command-store.ts'

const WATCH_MS = 2_000
const MAX_NAMED = 5
const CLEAR_SCREEN = '\u001b[H\u001b[2J'
const STATES = ['ok', 'silent', 'never polled', 'paused', 'disabled'] as const

interface HubStatus {
  readonly store: RelayStore['technology']
  readonly now: number
  readonly leaders: readonly LeaderEntry[]
  readonly counts: StoreCounts
  readonly oldestOpen: TaskEntry | undefined
  readonly dead: readonly TaskEntry[]
  readonly nodes: readonly NodeOverview[]
}

/** `warren relay status`: the whole hub on one screen, from its database. */
export function addStatusCommand(relay: Command, io: CliIo): void {
  relay
    .command('status')
    .description('show the whole hub on one screen: nodes, tasks, upstreams')
    .option('--watch', 'show it again every 2 seconds, until Ctrl-C')
    .option('--json', 'print a JSON object')
    .action(async (options: Output & { watch?: boolean }) => {
      if (options.watch === true && (io.stdout.isTTY !== true || options.json === true)) {
        throw new ProgramError('--watch needs a terminal, and cannot be used with --json', {
          exitCode: ExitCode.usage,
        })
      }
      await withStore(io, async (store, { silentNodeAfterMs }) => {
        for (;;) {
          const status = await readStatus(store, silentNodeAfterMs)
          if (options.watch === true) io.stdout.write(CLEAR_SCREEN)
          if (options.json === true) io.stdout.write(`${JSON.stringify(statusJson(status))}\n`)
          else printStatus(io, status)
          if (options.watch !== true) return
          await delay(WATCH_MS)
        }
      })
    })
}

async function readStatus(store: RelayStore, silentAfterMs: number): Promise<HubStatus> {
  const { directory } = store
  const [now, leaders, counts, oldestOpen, dead, nodes] = await Promise.all([
    store.readTime(),
    directory.leaders(),
    store.tasks.countByState(),
    directory.oldestOpen(),
    directory.list({ states: ['dead'], limit: MAX_NAMED }),
    new NodeManager({ store, silentAfterMs }).list(),
  ])
  return { store: store.technology, now, leaders, counts, oldestOpen, dead, nodes }
}

function printStatus(io: CliIo, status: HubStatus): void {
  const { now, counts, oldestOpen, dead, nodes, leaders } = status
  const paint = styles(io.stdout, io.env)
  const { open, settled, submitted, dead: deadCount } = counts.tasks
  const oldest = oldestOpen === undefined ? '' : ` (oldest ${ago(now - oldestOpen.receivedAt)})`
  writeTable(io, [
    ['Database', status.store === 'sqlite' ? 'SQLite' : 'PostgreSQL'],
    ['Leaders', leaders.length === 0 ? 'no relay is running' : leaders.map(leaderText).join(', ')],
    ['Nodes', nodes.length === 0 ? 'none' : statesText(nodes)],
    ['Open tasks', `${open}${oldest}`],
    ['To be submitted', settled],
    ['Submitted', submitted],
    ['Dead', deadCount],
    ['Waiting for nodes', counts.queuedSubtasks],
    ['In work at nodes', counts.leasedSubtasks],
  ])
  const silent = nodes.filter(({ state }) => state === 'silent')
  if (silent.length + dead.length === 0) return
  io.stdout.write(`\n${paint.bold('Needs attention')}\n`)
  writeTable(io, [
    ...silent
      .slice(0, MAX_NAMED)
      .map(({ name, lastSeenAgoMs }) => ['silent', name, `last seen ${ago(lastSeenAgoMs)}`]),
    ...dead.map(({ uuid, submissionCause }) => ['dead', uuid, submissionCause ?? '']),
  ])
  const more = Math.max(0, silent.length - MAX_NAMED) + Math.max(0, deadCount - dead.length)
  if (more > 0)
    io.stdout.write(`and ${more} more: see "nodes list" and "tasks list --state dead"\n`)
}

function leaderText({ name, heldForMs }: LeaderEntry): string {
  return `${name} (for ${roughly(heldForMs)} more)`
}

function statesText(nodes: readonly NodeOverview[]): string {
  const numbers = countStates(nodes)
  return STATES.filter((state) => numbers[state] > 0)
    .map((state) => `${numbers[state]} ${state}`)
    .join(', ')
}

function countStates(nodes: readonly NodeOverview[]): Readonly<Record<NodeState, number>> {
  const numbers = { ok: 0, silent: 0, 'never polled': 0, paused: 0, disabled: 0 }
  for (const { state } of nodes) numbers[state] += 1
  return numbers
}

function statusJson({ store, now, leaders, counts, oldestOpen, dead, nodes }: HubStatus) {
  return {
    store,
    leaders,
    nodes: countStates(nodes),
    tasks: counts.tasks,
    queuedSubtasks: counts.queuedSubtasks,
    leasedSubtasks: counts.leasedSubtasks,
    oldestOpenMs: oldestOpen === undefined ? null : now - oldestOpen.receivedAt,
    silentNodes: nodes.filter(({ state }) => state === 'silent').map(({ name }) => name),
    dead: dead.map(({ uuid, submissionCause }) => ({ uuid, cause: submissionCause })),
  }
}
