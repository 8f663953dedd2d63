import { sleep } from '@warren/runtime'

/** Time as the daemon sees it, injected so that backoff and expiry can be tested without waiting for them. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms`, or early (without throwing) when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = { now: () => Date.now(), sleep }
