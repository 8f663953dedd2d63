import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { type AttemptPermit, AttemptThrottle } from './attempt-throttle.ts'
import { type BasicCredentials, readBasicCredentials } from './basic-credentials.ts'
import { parseCollectionId } from './collection-id.ts'
import { HashingQueue } from './hashing-queue.ts'
import { DEFAULT_HASH_COST, hashPassword, verifyPassword } from './password-hash.ts'
import { canonicalUsername } from './username.ts'

export interface LoginRecord {
  /** As it was given when the user was made; what logs and tasks show. */
  readonly name: string
  readonly passwordHash: string
  /** Canonical ids of the nodes this user may poll for. */
  readonly nodeIds: readonly string[]
}

/** The part of the store that logins need. */
export interface LoginDirectory {
  /** Compares names without case. Rejects when the store cannot be reached. */
  findUser(name: string): Promise<LoginRecord | null>
}

/** A client whose login was verified, and the node it speaks for in this request. */
export interface Principal {
  readonly username: string
  readonly nodeId: string
  /** Text after the dot of the collection id; `''` when there was none. */
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
  /** How long a verified password is believed without asking the store again. 0 asks every time. */
  readonly cacheMs: number
  /** False while changes of users may go unheard: then the store is asked at every request. */
  readonly changesAreObserved?: () => boolean
  readonly maxCached?: number
  readonly maxConcurrentChecks?: number
  readonly maxWaitingChecks?: number
  readonly throttle?: AttemptThrottle
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

interface CachedLogin {
  /** HMAC of the password under a key that exists in this process only. */
  readonly digest: Buffer
  readonly passwordHash: string
  username: string
  nodeIds: ReadonlySet<string>
  /** Of the time before the store was read. */
  generation: number
  validUntil: number
}

const FREE_PASS: AttemptPermit = { allowed: true, refund: () => undefined }

/**
 * Verifies the Basic login of a request for a collection.
 *
 * A password is hashed once per process. After that its keyed digest is compared, in a few microseconds and
 * without the store; when the time to believe it is over, the store is asked whether the user still has the very
 * same stored hash, which again costs no hashing. `invalidate` brings that moment about at once.
 *
 * Whatever fails costs the same: an unknown user is checked against a hash that nothing matches.
 */
export class Authenticator {
  readonly #directory: LoginDirectory
  readonly #cacheMs: number
  readonly #changesAreObserved: () => boolean
  readonly #maxCached: number
  readonly #hashing: HashingQueue
  readonly #throttle: AttemptThrottle
  readonly #now: () => number
  // A key object: converting bytes at every poll costs five times the digest itself.
  readonly #key = createSecretKey(randomBytes(32))
  readonly #cache = new Map<string, CachedLogin>()
  #unmatchableHash: Promise<string> | undefined
  /** Counts `invalidate`s: what was read from the store before one is not believed after it. */
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

  /** Rejects with `HashingBusyError` under a flood of logins, and with the store's error when it is down. */
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

    const known = this.#cached(name, credentials.password)
    if (known !== undefined && target !== undefined && known.nodeIds.has(target.nodeId)) {
      return verified(known.username, target.nodeId, target.suffix, true)
    }
    const checked = await this.#check(name, credentials, address)
    if ('kind' in checked) return checked
    if (target === undefined || !checked.nodeIds.has(target.nodeId)) {
      return { kind: 'failed', reason: 'wrong collection', username: checked.username }
    }
    return verified(checked.username, target.nodeId, target.suffix, false)
  }

  /**
   * Believes unmatchable any more without asking the store: a user or node was changed, or may have been. Whoever still
   * has the same stored hash is asked for no new password check, so a thousand nodes cost a thousand short queries.
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

  /** Asks the store, and hashes only if this very password was not verified against this very hash before. */
  async #check(
    name: string,
    credentials: BasicCredentials,
    address: string,
  ): Promise<CachedLogin | Exclude<Authentication, { kind: 'verified' }>> {
    const digest = this.#digest(credentials.password)
    const before = this.#cache.get(name)
    const matchesBefore = before !== undefined && timingSafeEqual(before.digest, digest)

    const permit = matchesBefore ? FREE_PASS : this.#throttle.take(name, address)
    if (!permit.allowed) {
      return {
        kind: 'slow-down',
        username: credentials.username,
        retryAfterMs: permit.retryAfterMs,
      }
    }
    // Everything but a wrong login gives the token back, a store that is down above all.
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
