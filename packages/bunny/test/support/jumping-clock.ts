import type { Clock } from '../../src/clock.ts'

/** A clock for which waiting is jumping ahead: `sleeps` says how long each wait would have been. */
export class JumpingClock implements Clock {
  readonly sleeps: number[] = []
  #now: number

  constructor(now = Date.UTC(2026, 0, 15, 12)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  advance(ms: number): void {
    this.#now += ms
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    this.sleeps.push(ms)
    this.#now += ms
    // Lets everybody else have a turn, as a real wait would.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
