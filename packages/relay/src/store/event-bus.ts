import type { StoreEvent, StoreEvents } from './relay-store.ts'

/** Hands events to whoever listens in this process. */
export class EventBus implements StoreEvents {
  readonly #listeners = new Set<(event: StoreEvent) => void>()
  #live: boolean

  constructor(options: { live: boolean }) {
    this.#live = options.live
  }

  get live(): boolean {
    return this.#live
  }

  /** Back to life implies a `resync`: what happened meanwhile is unknown. */
  setLive(live: boolean): void {
    if (live === this.#live) return
    this.#live = live
    if (live) this.emit({ kind: 'resync' })
  }

  emit(event: StoreEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  subscribe(listener: (event: StoreEvent) => void): Disposable {
    // A wrapper of its own, so that the same function subscribed twice is two subscriptions.
    const own = (event: StoreEvent): void => listener(event)
    this.#listeners.add(own)
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) }
  }
}
