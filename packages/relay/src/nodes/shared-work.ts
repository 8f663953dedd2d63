import { orAborted } from './or-aborted.ts'

interface Running<T> {
  readonly result: Promise<T>
  readonly abort: AbortController
  waiting: number
}

/** Runs work with the same key once for all who wait for it at the same time. Aborts it when none of them waits any more. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>()

  /** Rejects with the reason of `signal` as soon as that aborts. */
  async run(
    key: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted()
    const running = this.#running.get(key) ?? this.#start(key, work)
    running.waiting += 1
    try {
      return await orAborted(running.result, signal)
    } finally {
      running.waiting -= 1
      if (running.waiting === 0) {
        running.abort.abort()
        if (this.#running.get(key) === running) this.#running.delete(key)
      }
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const abort = new AbortController()
    const running: Running<T> = { result: work(abort.signal), abort, waiting: 0 }
    // An aborted work rejects when nothing waits for it any more.
    running.result.catch(() => undefined)
    this.#running.set(key, running)
    return running
  }
}
