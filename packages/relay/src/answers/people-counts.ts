const FIRST_LENGTH = 1_024

/** The numbers of people of many rows, each bounded like a `PeopleCount`. They take 20 bytes per row. */
export class PeopleCounts {
  #people = new Float64Array(FIRST_LENGTH)
  #nodes = new Int32Array(FIRST_LENGTH).fill(-1)
  #ofNode = new Float64Array(FIRST_LENGTH)

  /** `node` numbers the nodes, which add one after another. False: the node would exceed `max`, and nothing was added. */
  add(row: number, node: number, people: number, max: number): boolean {
    if (row >= this.#nodes.length) this.#grow(row)
    const ofNode = this.#nodes[row] === node ? (this.#ofNode[row] ?? 0) : 0
    if (people > max - ofNode) return false
    this.#nodes[row] = node
    this.#ofNode[row] = ofNode + people
    this.#people[row] = this.people(row) + people
    return true
  }

  /** 0 for a row to which nothing was added. */
  people(row: number): number {
    return this.#people[row] ?? 0
  }

  #grow(row: number): void {
    const length = Math.max(row + 1, this.#nodes.length * 2)
    const [people, nodes, ofNode] = [this.#people, this.#nodes, this.#ofNode]
    this.#people = new Float64Array(length)
    this.#people.set(people)
    this.#nodes = new Int32Array(length).fill(-1)
    this.#nodes.set(nodes)
    this.#ofNode = new Float64Array(length)
    this.#ofNode.set(ofNode)
  }
}
