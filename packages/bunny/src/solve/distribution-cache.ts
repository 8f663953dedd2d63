import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import {
  CacheFormatError,
  EntryWriter,
  readEntry,
  readHeader,
  type EntryHeader,
} from './cache-entry.ts'
import type { RowProducer, RowSink } from './row-sink.ts'

export type CachedCode = 'GENERIC' | 'DEMOGRAPHICS' | 'ICD-MAIN'

export interface DistributionCacheOptions {
  readonly folder: string
  /** 0: entries do not expire. */
  readonly ttlMs: number
  /** The values on which the rows depend: disclosure policy, options, database. Entries for other values are ignored. */
  readonly validFor: Readonly<Record<string, unknown>>
  readonly clock: Clock
  readonly log: Logger
}

/**
 * The rows of the last distribution of each kind, suppressed and rounded: true counts are never written. The uuid and
 * owner of a task do not change its rows, so they are not part of the key. Failures are not cached.
 */
export class DistributionCache {
  readonly #options: DistributionCacheOptions
  readonly #key: string

  private constructor(options: DistributionCacheOptions) {
    this.#options = options
    const { validFor } = options
    const members = Object.keys(validFor).toSorted()
    this.#key = createHash('sha256').update(JSON.stringify(validFor, members)).digest('hex')
  }

  /** Throws if the folder cannot be created or is not writable, so that this is noticed at start. */
  static async open(options: DistributionCacheOptions): Promise<DistributionCache> {
    await mkdir(options.folder, { recursive: true, mode: 0o700 })
    await access(options.folder, constants.R_OK | constants.W_OK)
    return new DistributionCache(options)
  }

  /** Whether there is an entry without the rows of `denied` concepts, and whether it can be used. */
  async state(
    code: CachedCode,
    denied: ReadonlySet<number>,
  ): Promise<'none' | 'fresh' | 'expired'> {
    const header = await this.#header(code, this.#keyFor(denied))
    if (header === undefined) return 'none'
    return this.#isFresh(header) ? 'fresh' : 'expired'
  }

  /** Passes on the rows of `code` without those of `denied` concepts: from the cache while they are fresh, otherwise computed and cached. */
  async rows(
    code: CachedCode,
    denied: ReadonlySet<number>,
    { sink, produce }: { sink: RowSink; produce: RowProducer },
  ): Promise<void> {
    const { log } = this.#options
    const key = this.#keyFor(denied)
    const header = await this.#header(code, key)
    if (header !== undefined && this.#isFresh(header)) {
      try {
        await readEntry(this.#path(code), sink)
        log.info({ code, madeAt: new Date(header.madeAt).toISOString() }, BunnyEvent.cacheHit)
        return
      } catch (error: unknown) {
        this.#failed(code, error)
        sink.clear()
      }
    }
    await this.#produce(code, key, { sink, produce })
  }

  /** A failure to write costs time only: the rows are computed again for the next task. */
  async #produce(
    code: CachedCode,
    key: string,
    { sink, produce }: { sink: RowSink; produce: RowProducer },
  ): Promise<void> {
    let writer: EntryWriter | undefined
    const attempt = (write: () => void): void => {
      try {
        write()
      } catch (error: unknown) {
        this.#failed(code, error)
        writer?.abandon()
        writer = undefined
      }
    }
    attempt(() => {
      const madeAt = this.#options.clock.now()
      writer = new EntryWriter(this.#path(code), { key, madeAt })
    })
    try {
      await produce({
        add: (row) => {
          sink.add(row)
          attempt(() => writer?.add(row))
        },
        clear: () => {
          sink.clear()
          attempt(() => writer?.clear())
        },
      })
    } catch (error: unknown) {
      writer?.abandon()
      throw error
    }
    attempt(() => writer?.end())
  }

  #isFresh({ madeAt }: EntryHeader): boolean {
    const { ttlMs, clock } = this.#options
    const ageMs = clock.now() - madeAt
    // An entry from the future was written with a wrong clock, and would stay fresh for too long.
    return ttlMs === 0 || (ageMs >= 0 && ageMs < ttlMs)
  }

  /** Rows of concepts that the policy of the site denies are not in an entry, so it is not used for another policy. */
  #keyFor(denied: ReadonlySet<number>): string {
    if (denied.size === 0) return this.#key
    const concepts = [...denied].toSorted((a, b) => a - b)
    return createHash('sha256')
      .update(`${this.#key} ${concepts.join(' ')}`)
      .digest('hex')
  }

  #path(code: CachedCode): string {
    return join(this.#options.folder, `${code.toLowerCase()}.rows`)
  }

  /** `undefined` without an entry for the values of this cache. */
  async #header(code: CachedCode, key: string): Promise<EntryHeader | undefined> {
    try {
      const header = await readHeader(this.#path(code))
      return header?.key === key ? header : undefined
    } catch (error: unknown) {
      this.#failed(code, error)
      return undefined
    }
  }

  #failed(code: CachedCode, error: unknown): void {
    const reason = error instanceof CacheFormatError ? { detail: error.message } : { err: error }
    this.#options.log.warn({ code, ...reason }, BunnyEvent.cacheFailure)
  }
}
