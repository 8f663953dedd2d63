/**
 * A number of people over all nodes. One node adds at most a given number to it, however often it adds. With a maximum of
 * 10^11 and up to 90,000 nodes, the sum is a safe integer and therefore exact.
 */
export class PeopleCount {
  people = 0
  #node = -1
  #ofNode = 0

  /** `node` numbers the nodes, which add one after another. False: the node would exceed `max`, and nothing was added. */
  add(node: number, people: number, max: number): boolean {
    if (this.#node !== node) {
      this.#node = node
      this.#ofNode = 0
    }
    if (people > max - this.#ofNode) return false
    this.#ofNode += people
    this.people += people
    return true
  }
}
