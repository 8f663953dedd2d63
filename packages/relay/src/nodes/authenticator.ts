import { hash, randomBytes } from 'node:crypto'
import { sleep } from '@warren/runtime'
import { AttemptThrottle } from './attempt-throttle.ts'
import { readBasicCredentials } from './basic-credentials.ts'
import { type CollectionId, parseCollectionId } from '../vocabulary/collection-id.ts'
import { FairQueue, type Party } from './fair-queue.ts'
import { isGeneratedPasswordHash, verifyGeneratedPassword } from './generated-password-hash.ts'
import { type Asker, ClientGoneError, LoginGate, type LoginVisit } from './login-gate.ts'
import type { PasswordChecks } from './password-checks.ts'
import { isOutdatedHash } from './password-hash.ts'
import { Principal } from './principal.ts'
import { RecentLogins } from './recent-logins.ts'
import { SharedWork } from './shared-work.ts'
import { canonicalUsername, isUsername } from '../vocabulary/username.ts'
import {
  type LoginDirectory,
  type LoginRecord,
  type VerifiedLogin,
  VerifiedLogins,
} from './verified-logins.ts'

export type LoginFailure =
  'missing' | 'malformed' | 'unknown user' | 'disabled user' | 'wrong password' | 'wrong collection'

export type Authentication =
  | { readonly kind: 'verified'; readonly principal: Principal; readonly fromCache: boolean }
  | { readonly kind: 'failed'; readonly reason: LoginFailure; readonly username?: string }
  | { readonly kind: 'slow-down'; readonly username: string; readonly retryAfterMs: number }
  /** The client has disconnected. */
  | { readonly kind: 'gone' }

export interface AuthenticatorOptions {
  readonly directory: LoginDirectory
  readonly checks: PasswordChecks
  /** How long a verified login is cached. 0 asks the store at every request. */
  readonly cacheMs: number
  /** False while changes of users may be missed. The cache is not used then. */
  readonly changesAreObserved?: () => boolean
  /** Resolves when the stored password of a user is up to date. Undefined if it is. */
  readonly passwordUpdate?: (key: string) => Promise<void> | undefined
  readonly maxCached?: number
  readonly maxWaiting?: number
  readonly throttle?: AttemptThrottle
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

/** A party's share of the database connections: logins never occupy all of them. */
const MAX_LOOK_UPS = 4
// A failed login is answered at a multiple of this time after it arrived, so that its duration does not reveal why it failed.
// Longer than a password check takes, also on a busy machine.
const FAILURE_STEP_MS = 250
// For a throttled client, and from the second failure of a connection on.
const REPEATED_STEP_MS = 1_000

interface Attempt {
  /** The canonical user name; '' for a text that no user can have as a name. */
  readonly key: string
  readonly username: string
  readonly password: string
  readonly digest: Buffer
  readonly address: string
  readonly at: number
}

type Check =
  | {
      readonly record: LoginRecord
      /** Of the password that matched. */
      readonly passwordVersion: number
      readonly generation: number
    }
  | { readonly failure: 'unknown user' | 'wrong password' | 'disabled user' }

/**
 * Verifies the Basic credentials of a request for a collection ID.
 *
 * While a login is cached, only the keyed digest of its header, or else of its password, is compared, in a few microseconds.
 * Otherwise the user is read. A generated password, and one that was verified before, is then verified at once. Only a password that a person
 * chose is hashed, which takes 50 ms: its user waits for a turn, which clients share fairly.
 *
 * All failures look alike: an unknown or disabled user and a wrong generated password wait for a turn too, and pretend to use
 * it.
 */
export class Authenticator implements AsyncDisposable {
  readonly #directory: LoginDirectory
  readonly #checks: PasswordChecks
  readonly #logins: VerifiedLogins
  readonly #recent: RecentLogins
  readonly #passwordUpdate: (key: string) => Promise<void> | undefined
  readonly #gate: LoginGate
  readonly #lookUps = new FairQueue(MAX_LOOK_UPS)
  readonly #running = new SharedWork<Check>()
  readonly #throttle: AttemptThrottle
  readonly #key = randomBytes(32).toString('hex')
  readonly #stop = new AbortController()
  readonly #upgrades = new Map<string, Promise<boolean>>()

  constructor(options: AuthenticatorOptions) {
    this.#directory = options.directory
    this.#checks = options.checks
    this.#passwordUpdate = options.passwordUpdate ?? (() => undefined)
    const now = options.now ?? (() => performance.now())
    this.#gate = new LoginGate(options.maxWaiting ?? 10_000)
    const maxCached = options.maxCached ?? 20_000
    this.#logins = new VerifiedLogins({
      directory: options.directory,
      cacheMs: options.cacheMs,
      maxCached,
      changesAreObserved: options.changesAreObserved ?? (() => true),
      now,
    })
    this.#recent = new RecentLogins({
      isCurrent: (login) => this.#logins.isCurrent(login),
      maxEntries: maxCached,
    })
    this.#throttle =
      options.throttle ?? new AttemptThrottle({ burst: 20, perMinute: 60, maxEntries: 10_000, now })
  }

  /** The principal of a request whose header was verified before and is still valid. Costs no I/O. */
  recall(authorization: string | undefined, collection: string): Principal | undefined {
    return authorization === undefined ? undefined : this.#recent.find(authorization, collection)
  }

  /** Rejects with LoginsBusyError if too many logins wait, and with the store's error if the database is down. */
  async authenticate(
    authorization: string | undefined,
    collection: string,
    asker: Asker,
  ): Promise<Authentication> {
    const recalled = this.recall(authorization, collection)
    if (recalled !== undefined) return { kind: 'verified', principal: recalled, fromCache: true }
    const reading = readBasicCredentials(authorization)
    if (reading.kind !== 'credentials') return { kind: 'failed', reason: reading.kind }
    const { username, password } = reading.credentials
    // No user has another name. Such names are throttled together.
    const key = isUsername(username) ? canonicalUsername(username) : ''
    const digest = this.#digest(password)
    const target = parseCollectionId(collection)

    const cached = this.#logins.find(key, digest)
    if (cached !== undefined && target !== undefined && cached.nodeIds.has(target.nodeId)) {
      const principal = this.#admit(authorization, collection, cached, target)
      return { kind: 'verified', principal, fromCache: true }
    }
    const attempt = {
      key,
      username,
      password,
      digest,
      address: asker.address,
      at: performance.now(),
    }
    try {
      using visit = await this.#gate.enter(asker)
      const check = await this.#check(attempt, visit)
      if ('failure' in check) return await this.#fail(attempt, check.failure, visit)
      const { record, passwordVersion, generation } = check
      const login = this.#logins.add({ key, digest, passwordVersion }, record, generation)
      if (target === undefined || !login.nodeIds.has(target.nodeId)) {
        return { kind: 'failed', reason: 'wrong collection', username: login.record.name }
      }
      const principal = this.#admit(authorization, collection, login, target)
      return { kind: 'verified', principal, fromCache: false }
    } catch (error: unknown) {
      if (error instanceof ClientGoneError) return { kind: 'gone' }
      throw error
    }
  }

  /** Users or nodes have changed or may have changed. A password that is still the same is not hashed again. */
  invalidate(): void {
    this.#logins.invalidate()
  }

  /** Records a password that is known to be that of a user, so that its login needs no hashing. */
  remember(record: LoginRecord, password: string): void {
    // Of an earlier generation than any: the user is read again at its login.
    const { passwordVersion } = record
    const key = canonicalUsername(record.name)
    this.#logins.add({ key, digest: this.#digest(password), passwordVersion }, record, -1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#upgrades.values())
  }

  #admit(
    authorization: string | undefined,
    collection: string,
    login: VerifiedLogin,
    target: CollectionId,
  ): Principal {
    const principal = new Principal(login, target, this.#logins)
    if (authorization !== undefined) {
      this.#recent.remember(authorization, collection, login, principal)
    }
    return principal
  }

  #check(attempt: Attempt, visit: LoginVisit): Promise<Check> {
    // Throttled clients take turns among themselves.
    const isThrottled = this.#throttle.isExhausted(attempt.key, attempt.address)
    const party = [isThrottled, ...visit.party]
    const sameLogin = `${attempt.key} ${attempt.digest.toString('base64')}`
    return this.#running.run(sameLogin, visit.gone, (signal) =>
      this.#checkAgainstStore(attempt, party, signal),
    )
  }

  async #checkAgainstStore(
    { key, username, password, digest }: Attempt,
    party: Party,
    signal: AbortSignal,
  ): Promise<Check> {
    await this.#passwordUpdate(key)
    const { generation } = this.#logins
    const record = await this.#findUser(username, party, signal)
    if (record === null) {
      await this.#checks.pretend(party, signal)
      return { failure: 'unknown user' }
    }
    if (record.disabledAt !== null) {
      await this.#checks.pretend(party, signal)
      return { failure: 'disabled user' }
    }
    const passwords = passwordsOf(record)
    const known =
      this.#logins.verifiedVersion(key, digest, record) ??
      passwords.find(({ hash }) => verifyGeneratedPassword(password, hash))?.version
    if (known !== undefined) return { record, passwordVersion: known, generation }
    const slow = passwords.filter(({ hash }) => !isGeneratedPasswordHash(hash))
    if (slow.length === 0) await this.#checks.pretend(party, signal)
    for (const { hash, version: passwordVersion } of slow) {
      if (!(await this.#checks.verify(password, hash, party, signal))) continue
      const isCurrent = passwordVersion === record.passwordVersion
      if (isCurrent && isOutdatedHash(hash)) this.#upgradeHash(record, password)
      return { record, passwordVersion, generation }
    }
    return { failure: 'wrong password' }
  }

  async #findUser(name: string, party: Party, signal: AbortSignal): Promise<LoginRecord | null> {
    using _ = await this.#lookUps.enter(party, signal)
    return isUsername(name) ? await this.#directory.findUser(name) : null
  }

  async #fail(
    { key, username, address, at }: Attempt,
    reason: 'unknown user' | 'wrong password' | 'disabled user',
    visit: LoginVisit,
  ): Promise<Authentication> {
    const attempt = this.#throttle.recordFailure(key, address)
    const stepMs = attempt.isThrottled || visit.hasFailed ? REPEATED_STEP_MS : FAILURE_STEP_MS
    visit.markFailed()
    await sleep(stepMs - ((performance.now() - at) % stepMs), visit.gone)
    visit.gone.throwIfAborted()
    if (!attempt.isThrottled) return { kind: 'failed', reason, username }
    return { kind: 'slow-down', username, retryAfterMs: attempt.retryAfterMs }
  }

  /** In the background, because it takes as long as the check. If it fails, the next login tries again. */
  #upgradeHash({ id, passwordHash: from }: LoginRecord, password: string): void {
    if (this.#upgrades.has(id)) return
    const upgrade = this.#checks
      .hash(password, ['upgrades'], this.#stop.signal)
      .then((to) => this.#directory.upgradePasswordHash(id, { from, to }))
      .catch(() => false)
      .finally(() => this.#upgrades.delete(id))
    this.#upgrades.set(id, upgrade)
  }

  /** Comparing digests takes the same time for every password, and they are useless outside of this process. */
  #digest(password: string): Buffer {
    return hash('sha256', this.#key + password, 'buffer')
  }
}

/** The passwords that are valid for a user: the current one, and the one before a rotation for a while. */
function passwordsOf({ passwordHash, passwordVersion, earlierPassword }: LoginRecord) {
  const current = { hash: passwordHash, version: passwordVersion }
  return earlierPassword === null ? [current] : [current, earlierPassword]
}
