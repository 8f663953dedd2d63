import { timingSafeEqual } from 'node:crypto'

export interface LoginRecord {
  readonly id: string
  /** In the spelling with which the user was added; used in logs and tasks. */
  readonly name: string
  readonly passwordHash: string
  /** Changes with the password. A new hash of the same password keeps it. */
  readonly passwordVersion: number
  /** Null: may log in. */
  readonly disabledAt: number | null
  /** The password before a rotation, if it is still valid. */
  readonly earlierPassword: {
    readonly hash: string
    readonly version: number
    readonly validForMs: number
  } | null
  /** Canonical IDs of the nodes this user may poll for. */
  readonly nodeIds: readonly string[]
}

/** The part of the store that verifies logins. Methods reject if the database cannot be reached. */
export interface LoginDirectory {
  /** Compares names without case. */
  findUser(name: string): Promise<LoginRecord | null>
  listUsers(): Promise<readonly LoginRecord[]>
  /** Replaces the hash `from` by another one of the same password. */
  upgradePasswordHash(userId: string, hashes: { from: string; to: string }): Promise<boolean>
}

export interface VerifiedLogin {
  /** The canonical user name. */
  readonly key: string
  /** Keyed digest of the password. */
  readonly digest: Buffer
  readonly record: LoginRecord
  /** Of the password of this login, which may be an earlier one than the one of the record. */
  readonly passwordVersion: number
  readonly nodeIds: ReadonlySet<string>
  /** Generation in which the user was read. */
  readonly generation: number
  readonly validUntil: number
}

export interface VerifiedLoginsOptions {
  readonly directory: LoginDirectory
  /** How long a verified login is cached. 0 asks the database at every request. */
  readonly cacheMs: number
  readonly maxCached: number
  /** False while changes of users may be missed. The cache is not used then. */
  readonly changesAreObserved: () => boolean
  readonly now: () => number
}

interface HeldPoll {
  readonly login: VerifiedLogin
  readonly nodeId: string
  readonly onEnd: () => void
}

/**
 * The logins whose password was verified in this process, and the polls that are held for them.
 *
 * After a change of users, all of them are read once, in one look-up. A login ends if its user, its password or its node
 * is gone. A password that was hashed again is still the same password.
 */
export class VerifiedLogins {
  readonly #options: VerifiedLoginsOptions
  readonly #cache = new Map<string, VerifiedLogin>()
  readonly #held = new Set<HeldPoll>()
  /** Incremented when users may have changed. Logins of an older generation are not used from the cache. */
  #generation = 0
  #isReading = false

  constructor(options: VerifiedLoginsOptions) {
    this.#options = options
  }

  /** To be noted before a user is read. */
  get generation(): number {
    return this.#generation
  }

  /** The cached login with this password, if its user cannot have changed since. */
  find(key: string, digest: Buffer): VerifiedLogin | undefined {
    const login = this.#cache.get(key)
    if (login === undefined || !this.#isFresh(login)) return undefined
    return timingSafeEqual(login.digest, digest) ? login : undefined
  }

  /** Whether a cached login may be used without a look-up: its user cannot have changed since. */
  isCurrent(login: VerifiedLogin): boolean {
    return this.#cache.get(login.key) === login && this.#isFresh(login)
  }

  /** The version of this password if it was verified before, perhaps long ago, and is still valid. */
  verifiedVersion(key: string, digest: Buffer, record: LoginRecord): number | undefined {
    const login = this.#cache.get(key)
    if (login === undefined || !isValid(login, record)) return undefined
    return timingSafeEqual(login.digest, digest) ? login.passwordVersion : undefined
  }

  /** Adds a login with a password that is valid for `record`. */
  add(
    { key, digest, passwordVersion }: Pick<VerifiedLogin, 'key' | 'digest' | 'passwordVersion'>,
    record: LoginRecord,
    generation: number,
  ): VerifiedLogin {
    const { now, cacheMs, maxCached } = this.#options
    const validUntil = now() + Math.min(cacheMs, validForMs(record, passwordVersion))
    const nodeIds = new Set(record.nodeIds)
    const login = { key, digest, record, passwordVersion, nodeIds, generation, validUntil }
    this.#cache.set(key, login)
    if (this.#cache.size > maxCached) {
      const oldest = this.#cache.keys().next()
      if (oldest.done !== true) this.#cache.delete(oldest.value)
    }
    return login
  }

  /** Users may have changed. Reads them in the background, and ends the polls whose login has ended. */
  invalidate(): void {
    this.#generation += 1
    void this.#readUsers()
  }

  hold(login: VerifiedLogin, nodeId: string, onEnd: () => void): Disposable {
    const poll = { login, nodeId, onEnd }
    this.#held.add(poll)
    // Users have changed since the login was verified, and may have been read before this poll was held.
    if (login.generation !== this.#generation) void this.#readUsers()
    return { [Symbol.dispose]: () => void this.#held.delete(poll) }
  }

  async #readUsers(): Promise<void> {
    if (this.#isReading || this.#cache.size + this.#held.size === 0) return
    this.#isReading = true
    let generation: number
    do {
      generation = this.#generation
      const records = await this.#options.directory.listUsers().catch(() => undefined)
      // Without the database, no login is used from the cache, and a database that is back announces a change.
      if (records === undefined) break
      this.#update(new Map(records.map((record) => [record.id, record])), generation)
    } while (generation !== this.#generation)
    this.#isReading = false
  }

  #update(records: ReadonlyMap<string, LoginRecord>, generation: number): void {
    for (const [key, login] of this.#cache) {
      // What was read in this generation may be newer than `records`.
      if (login.generation >= generation) continue
      const record = records.get(login.record.id)
      if (record !== undefined && isValid(login, record)) {
        this.add(login, record, generation)
      } else {
        this.#cache.delete(key)
      }
    }
    for (const { login, nodeId, onEnd } of this.#held) {
      const record = records.get(login.record.id)
      const isAllowed =
        record !== undefined && isValid(login, record) && record.nodeIds.includes(nodeId)
      if (!isAllowed && login.generation < generation) onEnd()
    }
  }

  #isFresh(login: VerifiedLogin): boolean {
    const { now, changesAreObserved } = this.#options
    return login.generation === this.#generation && now() < login.validUntil && changesAreObserved()
  }
}

/** Whether a login is still valid for its user as it is now. */
function isValid(login: VerifiedLogin, record: LoginRecord): boolean {
  return login.record.id === record.id && validForMs(record, login.passwordVersion) > 0
}

/** How long a password of a user stays valid. 0: it is not. */
function validForMs(record: LoginRecord, passwordVersion: number): number {
  if (record.disabledAt !== null) return 0
  if (passwordVersion === record.passwordVersion) return Number.POSITIVE_INFINITY
  const { earlierPassword } = record
  return earlierPassword?.version === passwordVersion ? earlierPassword.validForMs : 0
}
