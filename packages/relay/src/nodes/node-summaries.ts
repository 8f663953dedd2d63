import { LinkCounts } from '@warren/runtime'

export interface SummaryLine {
  readonly msg: 'link summary' | 'nodes summary'
  readonly fields: object
}

// Container runtimes split lines of 16 KB.
const MAX_LISTED_NODES = 200
const MAX_LISTED_CHARACTERS = 6_000
/** A node is silent after this many periods without a request, if that is longer than it usually pauses. */
const MIN_SILENT_PERIODS = 2
const MAX_HABIT_PERIODS = 30
const SLOW_MS = 1_000
/**
 * Outcomes of a poll that show only that the node polls: nothing, a task, which has lines of its own, or a client that
 * stopped while its poll was held.
 */
const ROUTINE = new Set(['204', '200', '499'])

interface Node {
  readonly name: string
  /** Since the node was last named in a line. */
  readonly counts: LinkCounts
  state: 'unseen' | 'polling' | 'silent'
  /** Requests in this period. */
  requests: number
  /** Whether a request of this period failed or was slow. */
  hasProblem: boolean
  /** Periods in a row without a request. */
  emptyPeriods: number
  /** The last two pauses between periods with requests, in periods. */
  pauses: readonly [number, number]
}

/**
 * The lines of a period about the nodes: one for each node that starts to poll, falls silent, fails or is slow, and one for
 * all nodes. The latter also counts the empty polls of each other node; if there are many nodes, of some of them in turn.
 */
export class NodeSummaries {
  readonly #nodes = new Map<string, Node>()
  #all: LinkCounts

  constructor(now: number) {
    this.#all = new LinkCounts(now)
  }

  add(nodeId: string, name: string, now: number): void {
    this.#nodes.set(nodeId, {
      name,
      counts: new LinkCounts(now),
      state: 'unseen',
      requests: 0,
      hasProblem: false,
      emptyPeriods: 0,
      pauses: [0, 0],
    })
  }

  remove(nodeId: string): void {
    this.#nodes.delete(nodeId)
  }

  record(nodeId: string, outcome: string, durationMs: number): void {
    const node = this.#nodes.get(nodeId)
    if (node === undefined) return
    node.counts.record(outcome, durationMs)
    node.requests += 1
    node.hasProblem ||= !ROUTINE.has(outcome) || durationMs >= SLOW_MS
    this.#all.record(outcome, durationMs)
  }

  /** Ends the period. */
  flush(now: number): SummaryLine[] {
    const changed = [...this.#nodes.values()].filter((node) => endPeriod(node))
    const lines = changed.map(({ name, state, counts }): SummaryLine => {
      return { msg: 'link summary', fields: { link: `node ${name}`, state, ...counts.take(now) } }
    })
    const nodes = this.#nodes.size
    if (nodes === 0) return lines
    const polling = [...this.#nodes.values()].filter(({ state }) => state === 'polling').length
    const emptyPolls = this.#listInTurn(new Set(changed), now)
    const fields = { nodes, silent: nodes - polling, ...this.#all.take(now), emptyPolls }
    return [...lines, { msg: 'nodes summary', fields }]
  }

  /** The empty polls of nodes since they were last listed. A listed node becomes the last of the map. */
  #listInTurn(changed: ReadonlySet<Node>, now: number): Record<string, number> {
    const listed: [string, Node][] = []
    let characters = 0
    for (const [nodeId, node] of this.#nodes) {
      if (changed.has(node)) continue
      characters += node.name.length
      if (listed.length === MAX_LISTED_NODES || characters > MAX_LISTED_CHARACTERS) break
      listed.push([nodeId, node])
    }
    return Object.fromEntries(
      listed.map(([nodeId, node]) => {
        this.#nodes.delete(nodeId)
        this.#nodes.set(nodeId, node)
        return [node.name, node.counts.take(now).polls['204'] ?? 0]
      }),
    )
  }
}

/** Ends the period of a node. True if the node needs a line of its own. */
function endPeriod(node: Node): boolean {
  const { requests, hasProblem, state } = node
  node.requests = 0
  node.hasProblem = false
  if (requests > 0) {
    node.pauses = [node.pauses[1], Math.min(node.emptyPeriods, MAX_HABIT_PERIODS)]
    node.state = 'polling'
    node.emptyPeriods = 0
    return hasProblem || state !== 'polling'
  }
  node.emptyPeriods += 1
  // A single long pause is an outage, not the usual interval.
  const habit = Math.min(...node.pauses)
  if (state !== 'polling' || node.emptyPeriods < Math.max(MIN_SILENT_PERIODS, habit + 1)) {
    return false
  }
  node.state = 'silent'
  return true
}
