import { type CliIo, formatTable, writeTable } from '@warren/runtime'
import type { Command } from 'commander'
import { NodeManager, type NodeOverview } from '../nodes/node-manager.ts'
import { ago, confirm, note, type Output, roughly, show } from './command-output.ts'
import { withStore } from './command-store.ts'

/** `warren relay nodes …`: what each node does, and whether it takes part. */
export function addNodeCommands(relay: Command, io: CliIo): void {
  const nodes = relay
    .command('nodes')
    .description('see which nodes take part, pause and rename them')
    .addHelpText(
      'after',
      `
A node is named by its name or by its collection ID. States:
  ok             polled lately
  silent         polled before, not lately (RELAY_SILENT_NODE_AFTER)
  never polled   its site has not connected yet
  paused         gets no tasks until "nodes resume"
  disabled       its user may not log in, until "users enable"

Examples:
  warren relay nodes list
  warren relay nodes pause site-a                  it gets no tasks, and no task waits for it
  warren relay nodes rename site-a 'St Bees'       the name in logs, metrics and lists`,
    )
  const withNodes = <T>(work: (manager: NodeManager) => Promise<T>): Promise<T> =>
    withStore(io, (store, { silentNodeAfterMs }) =>
      work(new NodeManager({ store, silentAfterMs: silentNodeAfterMs })),
    )

  nodes
    .command('list')
    .description('list all nodes, with their state and the tasks of the last 24 hours')
    .option('--json', 'print a list of nodes')
    .action(async (options: Output) => {
      const listed = await withNodes((manager) => manager.list())
      show(
        io,
        options,
        listed.map(nodeJson),
        ['Node', 'State', 'Last seen', 'Waiting', 'Answered', 'Failed', 'Missed', 'Mean'],
        listed.map(({ name, state, lastSeenAgoMs, activity }) => [
          name,
          state,
          ago(lastSeenAgoMs),
          activity.queued + activity.leased,
          activity.answered,
          activity.failed,
          activity.missed,
          meanOf(activity.meanMs),
        ]),
      )
      if (listed.length === 0) note(io, 'No nodes. Add one with: warren relay users add NAME')
    })

  nodes
    .command('show')
    .argument('<node>', 'name or collection ID')
    .description('show everything about one node')
    .option('--json', 'print a JSON object')
    .action(async (text: string, options: Output) => {
      const node = await withNodes((manager) => manager.find(text))
      if (options.json === true) io.stdout.write(`${JSON.stringify(nodeJson(node))}\n`)
      else writeTable(io, detailsOf(node))
    })

  for (const [verb, paused, description] of [
    ['pause', true, 'ask a node nothing until it is resumed; results that it works on are taken'],
    ['resume', false, 'ask a paused node again'],
  ] as const) {
    nodes
      .command(verb)
      .argument('<node>', 'name or collection ID')
      .description(description)
      .action(async (text: string) => {
        const { name, state } = await withNodes((manager) => manager.setPaused(text, paused))
        io.stdout.write(formatTable([[name, state]], { tty: false }))
      })
  }

  nodes
    .command('rename')
    .argument('<node>', 'name or collection ID')
    .argument('<name>', 'the new name')
    .description('change the name of a node in logs, metrics and lists; its login stays')
    .action(async (text: string, name: string) => {
      const renamed = await withNodes((manager) => manager.rename(text, name))
      io.stdout.write(formatTable([[renamed.name, renamed.id]], { tty: false }))
    })

  nodes
    .command('remove')
    .argument('<node>', 'name or collection ID')
    .description('remove a node and discard its unanswered tasks')
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (text: string, options: { yes?: boolean }) => {
      await withNodes(async (manager) => {
        const { id, name } = await manager.find(text)
        await confirm(io, options.yes, `Remove the node ${name} (${id})?`)
        await manager.remove(id)
        io.stdout.write(`${name}\n`)
      })
    })
}

function nodeJson({ id, name, userName, state, createdAt, lastSeenAgoMs, activity }: NodeOverview) {
  return {
    collectionId: id,
    name,
    username: userName,
    state,
    added: new Date(createdAt).toISOString(),
    lastSeenAgoMs,
    last24Hours: activity,
  }
}

function detailsOf(node: NodeOverview): (readonly [string, string])[] {
  const { queued, leased, answered, failed, missed, meanMs } = node.activity
  return [
    ['Name', node.name],
    ['Collection ID', node.id],
    ['User', node.userName],
    ['State', node.state],
    ['Added', new Date(node.createdAt).toISOString()],
    ['Last seen', ago(node.lastSeenAgoMs)],
    ['Tasks that wait for it', String(queued)],
    ['Tasks that it works on', String(leased)],
    ['Last 24 hours', `${answered} answered, ${failed} failed, ${missed} missed`],
    ['Mean time to answer', meanOf(meanMs)],
  ]
}

function meanOf(meanMs: number | null): string {
  if (meanMs === null) return '-'
  return meanMs < 10_000 ? `${(meanMs / 1_000).toFixed(1)} s` : roughly(meanMs)
}
