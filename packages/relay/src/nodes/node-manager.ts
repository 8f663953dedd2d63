import { ExitCode, nearestName, ProgramError } from '@warren/runtime'
import type { RelayStore } from '../store/relay-store.ts'
import type { NodeActivity } from '../store/task-directory.ts'
import type { NodeRecord } from '../store/user-store.ts'
import { canonicalGuid } from '../vocabulary/collection-id.ts'
import { nodeNames } from './node-name.ts'

/** `disabled`: its user may not log in. `silent`: it polled before, but not lately. */
export type NodeState = 'ok' | 'silent' | 'never polled' | 'paused' | 'disabled'

export interface NodeOverview {
  /** Collection ID. */
  readonly id: string
  readonly name: string
  readonly userName: string
  readonly state: NodeState
  readonly createdAt: number
  /** How long ago it polled or posted a result, ms. Null: never. */
  readonly lastSeenAgoMs: number | null
  /** Of the last `ACTIVITY_MS`. */
  readonly activity: NodeActivity
}

/** The period over which the tasks of a node are counted. */
export const ACTIVITY_MS = 86_400_000

const MAX_LABEL_LENGTH = 64
const NO_ACTIVITY: NodeActivity = {
  queued: 0,
  leased: 0,
  answered: 0,
  failed: 0,
  missed: 0,
  meanMs: null,
  lastResultAt: null,
}

export interface NodeManagerOptions {
  readonly store: Pick<RelayStore, 'users' | 'directory' | 'readTime'>
  /** A node that was not seen for this long is silent, ms. 0: never. */
  readonly silentAfterMs: number
}

/**
 * Manages nodes on behalf of operators. Methods reject with a ProgramError if a node is unknown, and with the store's error
 * if the database is unavailable.
 */
export class NodeManager {
  readonly #store: NodeManagerOptions['store']
  readonly #silentAfterMs: number

  constructor({ store, silentAfterMs }: NodeManagerOptions) {
    this.#store = store
    this.#silentAfterMs = silentAfterMs
  }

  /** Sorted by name. */
  async list(): Promise<readonly NodeOverview[]> {
    const { users, directory } = this.#store
    const [nodes, records, activities, now] = await Promise.all([
      users.listNodes(),
      users.listUsers(),
      directory.nodeActivity(ACTIVITY_MS),
      this.#store.readTime(),
    ])
    const names = nodeNames(nodes)
    const disabled = new Set(
      records.filter((user) => user.disabledAt !== null).map((user) => user.id),
    )
    return nodes
      .map((node) => {
        const activity = activities.get(node.id) ?? NO_ACTIVITY
        // Relays write now and then when they saw a node, but store results at once.
        const seenAt = Math.max(node.lastSeenAt ?? 0, activity.lastResultAt ?? 0)
        const lastSeenAgoMs = seenAt === 0 ? null : Math.max(0, now - seenAt)
        return {
          id: node.id,
          name: names.get(node.id) ?? node.id,
          userName: node.userName,
          state: this.#stateOf(node, disabled.has(node.userId), lastSeenAgoMs),
          createdAt: node.createdAt,
          lastSeenAgoMs,
          activity,
        }
      })
      .toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
  }

  /** A node by its name or collection ID. */
  async find(text: string): Promise<NodeOverview> {
    const nodes = await this.list()
    const id = canonicalGuid(text)
    const wanted = text.toLowerCase()
    const found = nodes.filter((node) => node.id === id || node.name.toLowerCase() === wanted)
    const [node] = found
    if (node !== undefined && found.length === 1) return node
    if (found.length > 1) {
      throw new ProgramError(`${found.length} nodes have the name "${text}"`, {
        hint: `Use a collection ID: ${found.map((one) => one.id).join(', ')}`,
      })
    }
    const nearest = nearestName(
      text,
      nodes.map(({ name }) => name),
    )
    throw new ProgramError(`unknown node "${text}"`, {
      hint:
        nearest === undefined
          ? 'List all nodes with: warren relay nodes list'
          : `Did you mean ${nearest}?`,
    })
  }

  /** A paused node gets no new tasks and is handed none that wait. It may still post results. */
  async setPaused(text: string, paused: boolean): Promise<NodeOverview> {
    const { id } = await this.find(text)
    await this.#store.users.setNodeActive(id, !paused)
    return await this.find(id)
  }

  /** Gives a node another name. Throws if another node has it. */
  async rename(text: string, name: string): Promise<NodeOverview> {
    const problem = labelProblem(name)
    if (problem !== undefined) throw new ProgramError(problem, { exitCode: ExitCode.usage })
    const node = await this.find(text)
    const taken = (await this.list()).find(
      (other) => other.id !== node.id && other.name.toLowerCase() === name.toLowerCase(),
    )
    if (taken !== undefined) {
      throw new ProgramError(`another node has the name "${taken.name}"`, {
        hint: `It has the collection ID ${taken.id}. Choose another name.`,
      })
    }
    await this.#store.users.renameNode(node.id, name)
    return await this.find(node.id)
  }

  /** Removes a node. Its unanswered tasks are discarded, and still count as asked. */
  async remove(text: string): Promise<NodeOverview> {
    const node = await this.find(text)
    await this.#store.users.removeNode(node.id)
    return node
  }

  #stateOf(node: NodeRecord, isDisabled: boolean, lastSeenAgoMs: number | null): NodeState {
    if (isDisabled) return 'disabled'
    if (!node.active) return 'paused'
    if (lastSeenAgoMs === null) return 'never polled'
    return this.#silentAfterMs > 0 && lastSeenAgoMs > this.#silentAfterMs ? 'silent' : 'ok'
  }
}

/** Names appear in logs, metrics and tables. */
function labelProblem(name: string): string | undefined {
  if (name.length > MAX_LABEL_LENGTH) {
    return `the name has ${name.length} characters: the limit is ${MAX_LABEL_LENGTH}`
  }
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@+/-]*$/u.test(name) || name.endsWith(' ')) {
    return `"${name}" is not a name for a node: use letters, digits, spaces and - . _ @ + /`
  }
  if (canonicalGuid(name) !== undefined) return 'a collection ID cannot be the name of a node'
  return undefined
}
