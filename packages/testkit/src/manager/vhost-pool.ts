const BATCH_SIZE = 8
// With fewer free ones, the pool is refilled in the background, so that suites seldom wait.
const MIN_FREE = 3

/** Virtual hosts, created in batches. Each is used once. */
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
        // A failure is reported to the first caller that finds the pool empty.
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
