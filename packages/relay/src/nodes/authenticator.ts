import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { type AttemptPermit, AttemptThrottle } from './attempt-throttle.ts'
import { type BasicCredentials, readBasicCredentials } from './basic-credentials.ts'
import { parseCollectionId } from '../vocabulary/collection-id.ts'
import { HashingQueue } from './hashing-queue.ts'
import { DEFAULT_HASH_COST, hashPassword, verifyPassword } from './password-hash.ts'
import { canonicalUsername } from '../vocabulary/username.ts'

export interface LoginRecord {
  /** In the spelling with which the user was added; used in logs and tasks. */
  readonly name: string
  readonly passwordHash: string
  /** Canonical IDs of the nodes this user may poll for. */
  readonly nodeIds: readonly string[]
}

/** The part of the store that verifies logins. */
export interface LoginDirectory {
  /** Compares names without case. Rejects if the database cannot be reached. */
  findUser(name: string): Promise<LoginRecord | null>
}

/** The user of a verified request, and the node it polls for. */
export interface Principal {
  readonly username: string
  readonly nodeId: string
  /** Text after the dot of the collection ID; `''` if there is none. */
  readonly suffix: string
}

export type LoginFailure =
  'missing' | 'malformed' | 'unknown user' | 'wrong password' | 'wrong collection'

export type Authentication =
  | { readonly kind: 'verified'; readonly principal: Principal; readonly fromCache: boolean }
  | { readonly kind: 'failed'; readonly reason: LoginFailure; readonly username?: string }
  | { readonly kind: 'slow-down'; readonly username: string; readonly retryAfterMs: number }

export interface AuthenticatorOptions {
  readonly directory: LoginDirectory
  /** How long a verified login is cached. 0 asks the store at every request. */
  readonly cacheMs: number
  /** False while changes of users may be missed. The cache is not used then. */
  readonly changesAreObserved?: () => boolean
  readonly maxCached?: number
  readonly maxConcurrentChecks?: number
  readonly maxWaitingChecks?: number
  readonly throttle?: AttemptThrottle
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

interface CachedLogin {
  /** HMAC of the password, with a key that exists in this process only. */
  readonly digest: Buffer
  readonly passwordHash: string
  username: string
  nodeIds: ReadonlySet<string>
  /** Generation when the store was read. */
  generation: number
  validUntil: number
}

const UNTHROTTLED: AttemptPermit = { allowed: true, refund: () => undefined }

/**
 * Verifies the Basic credentials of a request for a collection ID.
 *
 * A password is hashed once per process. While the login is cached, only its keyed digest is compared, in a few
 * microseconds and without the store. After the cache has expired or was invalidated, the store is asked whether the
 * user still has the same stored hash, which costs no hashing either.
 *
 * An unknown user takes as long as a wrong password: its password is checked against a hash that nothing matches.
 */
export class Authenticator {
  readonly #directory: LoginDirectory
  readonly #cacheMs: number
  readonly #changesAreObserved: () => boolean
  readonly #maxCached: number
  readonly #hashing: HashingQueue
  readonly #throttle: AttemptThrottle
  readonly #now: () => number
  // A key object, because converting bytes at every poll takes five times as long as the digest.
  readonly #key = createSecretKey(randomBytes(32))
  readonly #cache = new Map<string, CachedLogin>()
  #unmatchableHash: Promise<string> | undefined
  /** Incremented by `invalidate`. Logins of an older generation are not used from the cache. */
  #generation = 0

  constructor(options: AuthenticatorOptions) {
    this.#directory = options.directory
    this.#cacheMs = options.cacheMs
    this.#changesAreObserved = options.changesAreObserved ?? (() => true)
    this.#maxCached = options.maxCached ?? 20_000
    this.#now = options.now ?? (() => performance.now())
    this.#hashing = new HashingQueue({
      concurrency: options.maxConcurrentChecks ?? 2,
      maxWaiting: options.maxWaitingChecks ?? 1_000,
    })
    this.#throttle =
      options.throttle ??
      new AttemptThrottle({ burst: 20, perMinute: 60, maxEntries: 10_000, now: this.#now })
  }

  /** Rejects with `HashingBusyError` if too many logins wait, and with the store's error if the database is down. */
  async authenticate(
    authorization: string | undefined,
    collection: string,
    address: string,
  ): Promise<Authentication> {
    const reading = readBasicCredentials(authorization)
    if (reading.kind !== 'credentials') return { kind: 'failed', reason: reading.kind }
    const { credentials } = reading
    const name = canonicalUsername(credentials.username)
    const target = parseCollectionId(collection)

    const cached = this.#cached(name, credentials.password)
    if (cached !== undefined && target !== undefined && cached.nodeIds.has(target.nodeId)) {
      return verified(cached.username, target.nodeId, target.suffix, true)
    }
    const checked = await this.#check(name, credentials, address)
    if ('kind' in checked) return checked
    if (target === undefined || !checked.nodeIds.has(target.nodeId)) {
      return { kind: 'failed', reason: 'wrong collection', username: checked.username }
    }
    return verified(checked.username, target.nodeId, target.suffix, false)
  }

  /**
   * Invalidates all cached logins, because a user or node has changed or may have changed. A password whose stored
   * hash is unchanged is not hashed again, so a thousand nodes cost a thousand short queries.
   */
  invalidate(): void {
    this.#generation += 1
  }

  #cached(name: string, password: string): CachedLogin | undefined {
    const entry = this.#cache.get(name)
    if (entry === undefined || entry.generation !== this.#generation) return undefined
    if (this.#now() >= entry.validUntil || !this.#changesAreObserved()) return undefined
    return timingSafeEqual(entry.digest, this.#digest(password)) ? entry : undefined
  }

  /** Asks the store, and hashes only if this password was not verified against the same stored hash before. */
  async #check(
    name: string,
    credentials: BasicCredentials,
    address: string,
  ): Promise<CachedLogin | Exclude<Authentication, { kind: 'verified' }>> {
    const digest = this.#digest(credentials.password)
    const before = this.#cache.get(name)
    const matchesBefore = before !== undefined && timingSafeEqual(before.digest, digest)

    const permit = matchesBefore ? UNTHROTTLED : this.#throttle.take(name, address)
    if (!permit.allowed) {
      return {
        kind: 'slow-down',
        username: credentials.username,
        retryAfterMs: permit.retryAfterMs,
      }
    }
    // Only a failed login costs a token; a database outage does not.
    let loginFailed = false
    try {
      const checked = await this.#checkAgainstStore(name, credentials, digest, before)
      loginFailed = 'kind' in checked
      return checked
    } finally {
      if (!loginFailed) permit.refund()
    }
  }

  async #checkAgainstStore(
    name: string,
    credentials: BasicCredentials,
    digest: Buffer,
    before: CachedLogin | undefined,
  ): Promise<CachedLogin | Extract<Authentication, { kind: 'failed' }>> {
    const matchesBefore = before !== undefined && timingSafeEqual(before.digest, digest)
    const generation = this.#generation
    const record = await this.#directory.findUser(credentials.username)
    const { username } = credentials
    if (record === null) {
      const unmatchable = await this.#hashForUnknownUser()
      await this.#hashing.run(() => verifyPassword(credentials.password, unmatchable))
      return { kind: 'failed', reason: 'unknown user', username }
    }
    const unchanged = matchesBefore && record.passwordHash === before.passwordHash
    if (!unchanged) {
      const { password } = credentials
      const matches = await this.#hashing.run(() => verifyPassword(password, record.passwordHash))
      if (!matches) return { kind: 'failed', reason: 'wrong password', username }
    }
    const entry: CachedLogin = {
      digest,
      passwordHash: record.passwordHash,
      username: record.name,
      nodeIds: new Set(record.nodeIds),
      generation,
      validUntil: this.#now() + this.#cacheMs,
    }
    this.#addToCache(name, entry)
    return entry
  }

  #addToCache(name: string, entry: CachedLogin): void {
    this.#cache.delete(name)
    this.#cache.set(name, entry)
    if (this.#cache.size <= this.#maxCached) return
    const oldest = this.#cache.keys().next()
    if (oldest.done !== true) this.#cache.delete(oldest.value)
  }

  #digest(password: string): Buffer {
    return createHmac('sha256', this.#key).update(password).digest()
  }

  #hashForUnknownUser(): Promise<string> {
    this.#unmatchableHash ??= hashPassword(randomBytes(32).toString('hex'), DEFAULT_HASH_COST)
    return this.#unmatchableHash
  }
}

function verified(
  username: string,
  nodeId: string,
  suffix: string,
  fromCache: boolean,
): Authentication {
  return { kind: 'verified', principal: { username, nodeId, suffix }, fromCache }
}
