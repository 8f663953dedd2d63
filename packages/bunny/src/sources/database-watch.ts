import { sleep, type Logger } from '@warren/runtime'
import { BunnyEvent } from '../log-events.ts'
import type { CdmCheck } from './cdm-source.ts'
import type { WatchedSource } from './watched-source.ts'

/** How long the first poll waits for the database. Tasks wait for it later. */
const FIRST_CHECK_MS = 5000

/** Checks the database of a daemon in the background until it is disposed. */
export class DatabaseWatch implements AsyncDisposable {
  readonly #stop = new AbortController()
  readonly #first = Promise.withResolvers<CdmCheck | undefined>()
  readonly #ended: Promise<void>
  #started = false

  constructor(source: WatchedSource, log: Logger) {
    // The caller may never wait for the first check.
    this.#first.promise.catch(() => {})
    this.#ended = source
      .watch(this.#stop.signal, (check) => {
        this.#started = true
        this.#first.resolve(check)
      })
      .catch((error: unknown) => {
        if (this.#started) log.error({ err: error }, BunnyEvent.databaseUnavailable)
        this.#first.reject(error)
      })
  }

  /**
   * The result of the first check. `undefined` if the database is not available, or takes long. Rejects with
   * `ProgramError` if the configuration is wrong, and with the reason of `signal` if it aborts.
   */
  async firstCheck(signal: AbortSignal | undefined): Promise<CdmCheck | undefined> {
    const enough = new AbortController()
    const either = signal === undefined ? enough.signal : AbortSignal.any([enough.signal, signal])
    const waited = sleep(FIRST_CHECK_MS, either).then(() => undefined)
    try {
      return await Promise.race([this.#first.promise, waited])
    } finally {
      enough.abort()
      signal?.throwIfAborted()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }
}
