// A held poll costs a socket and a few kilobytes.
const MAX_HELD = 10_000
// A bunny holds one poll for each kind of task and process. One node must not use up the places of the others.
const MAX_HELD_PER_NODE = 64

/** Counts the polls that are held, in total and for each node. A poll without a place is answered immediately. */
export class HeldPolls {
  readonly #perNode = new Map<string, number>()
  #held = 0

  /** Takes a place until it is disposed. Undefined if there is none. */
  enter(nodeId: string): Disposable | undefined {
    const ofNode = this.#perNode.get(nodeId) ?? 0
    if (this.#held >= MAX_HELD || ofNode >= MAX_HELD_PER_NODE) return undefined
    this.#held += 1
    this.#perNode.set(nodeId, ofNode + 1)
    return { [Symbol.dispose]: () => this.#leave(nodeId) }
  }

  #leave(nodeId: string): void {
    const left = (this.#perNode.get(nodeId) ?? 1) - 1
    this.#held -= 1
    if (left === 0) this.#perNode.delete(nodeId)
    else this.#perNode.set(nodeId, left)
  }
}
