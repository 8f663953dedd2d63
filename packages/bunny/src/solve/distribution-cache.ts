import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@warren/runtime'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'

export type CachedCode = 'GENERIC' | 'DEMOGRAPHICS'

interface Entry {
  readonly madeAt: number
  readonly rows: unknown
}

const entrySchema = z.object({
  format: z.literal(1),
  key: z.string(),
  madeAt: z.number(),
  rows: z.unknown(),
})

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

  /** Whether there is an entry, and whether it can be used. */
  async state(code: CachedCode): Promise<'none' | 'fresh' | 'expired'> {
    const entry = await this.#read(code)
    if (entry === undefined) return 'none'
    return this.#isFresh(entry) ? 'fresh' : 'expired'
  }

  /** The rows of `code`: from the cache while they are fresh, otherwise computed and cached. */
  async rows<T>(code: CachedCode, schema: z.ZodType<T>, compute: () => Promise<T>): Promise<T> {
    const { log } = this.#options
    const entry = await this.#read(code)
    if (entry !== undefined && this.#isFresh(entry)) {
      const parsed = schema.safeParse(entry.rows)
      if (parsed.success) {
        log.info({ code, madeAt: new Date(entry.madeAt).toISOString() }, BunnyEvent.cacheHit)
        return parsed.data
      }
      log.warn({ code, detail: `the file has no ${code} rows` }, BunnyEvent.cacheFailure)
    }
    const rows = await compute()
    await this.#write(code, rows)
    return rows
  }

  #isFresh(entry: Entry): boolean {
    const { ttlMs, clock } = this.#options
    const ageMs = clock.now() - entry.madeAt
    // An entry from the future was written with a wrong clock, and would stay fresh for too long.
    return ttlMs === 0 || (ageMs >= 0 && ageMs < ttlMs)
  }

  #path(code: CachedCode): string {
    return join(this.#options.folder, `${code.toLowerCase()}.json`)
  }

  async #read(code: CachedCode): Promise<Entry | undefined> {
    let text: string
    try {
      text = await readFile(this.#path(code), 'utf8')
    } catch (error: unknown) {
      const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!absent) this.#options.log.warn({ code, err: error }, BunnyEvent.cacheFailure)
      return undefined
    }
    try {
      const entry = entrySchema.parse(JSON.parse(text))
      return entry.key === this.#key ? entry : undefined
    } catch {
      this.#options.log.warn(
        { code, detail: 'the file is not a cache entry' },
        BunnyEvent.cacheFailure,
      )
      return undefined
    }
  }

  /** A failure to write costs time only: the result is computed again. */
  async #write(code: CachedCode, rows: unknown): Promise<void> {
    const draft = `${this.#path(code)}.draft`
    const madeAt = this.#options.clock.now()
    try {
      await writeFile(draft, JSON.stringify({ format: 1, key: this.#key, madeAt, rows }), {
        mode: 0o600,
      })
      await rename(draft, this.#path(code))
    } catch (error: unknown) {
      this.#options.log.warn({ code, err: error }, BunnyEvent.cacheFailure)
      await rm(draft, { force: true }).catch(() => {})
    }
  }
}
