import type { Logger } from '@warren/runtime'
import type { RelayStore } from '../store/relay-store.ts'

/** Says once that the store went away and once that it is back, however many requests fail in between. */
export class StoreWatch {
  readonly #store: Pick<RelayStore, 'check' | 'technology'>
  readonly #log: Logger
  #failingSince: number | undefined

  constructor(store: Pick<RelayStore, 'check' | 'technology'>, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /** Resolves when the store answers, rejects when it does not. */
  async check(): Promise<void> {
    const store = this.#store.technology
    try {
      await this.#store.check()
    } catch (error: unknown) {
      if (this.#failingSince === undefined) {
        this.#failingSince = performance.now()
        const detail = error instanceof Error ? error.message : String(error)
        this.#log.error({ store, detail }, 'store unavailable')
      }
      throw error
    }
    if (this.#failingSince === undefined) return
    const durationMs = Math.round(performance.now() - this.#failingSince)
    this.#failingSince = undefined
    this.#log.info({ store, durationMs }, 'store recovered')
  }
}
