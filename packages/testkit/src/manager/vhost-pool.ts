const BATCH_SIZE = 8
// Refilled in the background from here on, so that suites seldom wait.
const MIN_FREE = 3

/** Virtual hosts made a few at a time, each given out once. */
export class VhostPool {
  readonly #add: (names: readonly string[]) => Promise<void>
  readonly #free: string[] = []
  #made = 0
  #filling: Promise<void> | undefined

  constructor(add: (names: readonly string[]) => Promise<void>) {
    this.#add = add
  }

  async take(): Promise<string> {
    for (;;) {
      const name = this.#free.shift()
      if (name !== undefined) {
        // A failure shows to whoever finds the pool empty.
        if (this.#free.length < MIN_FREE) this.#fill().catch(() => {})
        return name
      }
      await this.#fill()
    }
  }

  #fill(): Promise<void> {
    this.#filling ??= this.#addBatch().finally(() => {
      this.#filling = undefined
    })
    return this.#filling
  }

  async #addBatch(): Promise<void> {
    const names = Array.from({ length: BATCH_SIZE }, (_, index) => `test-${this.#made + index}`)
    this.#made += BATCH_SIZE
    await this.#add(names)
    this.#free.push(...names)
  }
}
