import type { NodeRecord } from '../store/user-store.ts'

/** Names of nodes in logs, metrics and commands: the label, or the user name, with the end of the ID if the user has several. */
export function nodeNames(nodes: readonly NodeRecord[]): ReadonlyMap<string, string> {
  const perUser = Map.groupBy(nodes, (node) => node.userId)
  return new Map(
    nodes.map((node) => [node.id, nameFor(node, perUser.get(node.userId)?.length ?? 1)]),
  )
}

function nameFor(node: NodeRecord, nodesOfUser: number): string {
  if (node.label !== null) return node.label
  return nodesOfUser === 1 ? node.userName : `${node.userName}/${node.id.slice(-8)}`
}
