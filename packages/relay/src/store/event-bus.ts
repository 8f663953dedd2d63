import type { StoreEvent, StoreEvents } from './relay-store.ts'

/** Delivers events to the listeners in this process. */
export class EventBus implements StoreEvents {
  readonly #listeners = new Set<(event: StoreEvent) => void>()
  #live: boolean

  constructor(options: { live: boolean }) {
    this.#live = options.live
  }

  get live(): boolean {
    return this.#live
  }

  /** Becoming live emits a `resync`, because events may have been missed. */
  setLive(live: boolean): void {
    if (live === this.#live) return
    this.#live = live
    if (live) this.emit({ kind: 'resync' })
  }

  emit(event: StoreEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  subscribe(listener: (event: StoreEvent) => void): Disposable {
    // A wrapper, so that subscribing the same function twice makes two subscriptions.
    const wrapper = (event: StoreEvent): void => listener(event)
    this.#listeners.add(wrapper)
    return { [Symbol.dispose]: () => void this.#listeners.delete(wrapper) }
  }
}
