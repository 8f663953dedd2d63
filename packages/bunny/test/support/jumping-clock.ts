import type { Clock } from '../../src/clock.ts'

/** A clock that jumps ahead instead of waiting. `sleeps` has the length of each wait. */
export class JumpingClock implements Clock {
  readonly sleeps: number[] = []
  #now: number

  constructor(now = Date.UTC(2026, 0, 15, 12)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  date(): Date {
    return new Date(this.#now)
  }

  advance(ms: number): void {
    this.#now += ms
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    this.sleeps.push(ms)
    this.#now += ms
    // Lets other tasks run, as a real wait does.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
