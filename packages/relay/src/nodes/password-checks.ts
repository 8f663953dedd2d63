import { sleep } from '@warren/runtime'
import { FairQueue, type Party } from './fair-queue.ts'
import { hashPassword, verifyPassword } from './password-hash.ts'

/** Fewer than libuv's four threads, so that DNS and file access never wait for passwords. */
const CONCURRENCY = 2
/** Weight of the newest check in the average duration. */
const NEWEST_WEIGHT = 0.2

/** Hashes passwords slowly, a few at a time, and in fair turns. */
export class PasswordChecks {
  readonly #queue = new FairQueue(CONCURRENCY)
  #usualMs = 50

  /** Whether the password matches a slow hash. */
  async verify(
    password: string,
    stored: string,
    party: Party,
    signal: AbortSignal,
  ): Promise<boolean> {
    using _ = await this.#queue.enter(party, signal)
    const started = performance.now()
    const matches = await verifyPassword(password, stored)
    this.#usualMs += (performance.now() - started - this.#usualMs) * NEWEST_WEIGHT
    return matches
  }

  async hash(password: string, party: Party, signal: AbortSignal): Promise<string> {
    using _ = await this.#queue.enter(party, signal)
    return await hashPassword(password)
  }

  /** Takes as long as `verify`, but computes nothing and delays no check: for a login that can only fail. */
  async pretend(party: Party, signal: AbortSignal): Promise<void> {
    await this.#queue.pass(party, signal)
    await sleep(this.#usualMs, signal)
  }
}
