import type { StoreSignal, StoreSignals } from './relay-store.ts'

/** Hands signals to whoever listens in this process. */
export class SignalBoard implements StoreSignals {
  readonly #listeners = new Set<(signal: StoreSignal) => void>()
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

  emit(signal: StoreSignal): void {
    for (const listener of this.#listeners) listener(signal)
  }

  subscribe(listener: (signal: StoreSignal) => void): Disposable {
    // A wrapper of its own, so that the same function subscribed twice is two subscriptions.
    const own = (signal: StoreSignal): void => listener(signal)
    this.#listeners.add(own)
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) }
  }
}
