import { sleep, steadyTime } from '@warren/runtime'

/** The clock of the daemon. Injected, so that tests of backoff and expiry do not wait. */
export interface Clock {
  /** Milliseconds since the epoch, for waiting and comparing. Does not jump when the clock of the machine is set. */
  now(): number
  /** The date and time of the machine. */
  date(): Date
  /** Resolves after `ms`, or as soon as `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = { now: steadyTime, date: () => new Date(), sleep }
