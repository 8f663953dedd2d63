import type { RelayClient, RelayFacts } from '../facts/facts.ts'

/** Key for requests without a user and with an unknown collection. */
export const UNKNOWN_CLIENT = 'none'
const MAX_NODES = 20_000
/** Collection IDs that are kept per client. */
const MAX_COLLECTIONS = 4

/** The clients of a relay by name, and whose the nodes are, as far as its log shows it. */
export class RelayNames {
  readonly #facts: RelayFacts
  readonly #byNode = new Map<string, string>()

  constructor(facts: RelayFacts) {
    this.#facts = facts
  }

  client(name: string): RelayClient | undefined {
    const client = name === '' ? undefined : this.#facts.clients.of(name)
    if (client !== undefined && client.names.size === 0 && name !== UNKNOWN_CLIENT)
      client.names.set(name, 1)
    return client
  }

  /** The owner of a node; '' if unknown. */
  ownerOf(node: string): string {
    return this.#byNode.get(node) ?? ''
  }

  learn(node: string, name: string): void {
    if (this.#byNode.get(node) === name) return
    const client = this.client(name)
    if (client !== undefined && client.collections.size < MAX_COLLECTIONS)
      client.collections.add(node.toLowerCase())
    if (this.#byNode.size < MAX_NODES) this.#byNode.set(node, name)
  }
}
