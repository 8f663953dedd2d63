import type { Logger } from '@warren/runtime'
import type { UserRecord, UserStore } from '../store/user-store.ts'
import type { PasswordChecks } from './password-checks.ts'
import { isOutdatedHash } from './password-hash.ts'
import { canonicalUsername } from '../vocabulary/username.ts'

/** A declared user as stored, and the password it has in the configuration. */
export interface DeclaredPassword {
  readonly user: UserRecord
  readonly password: string
}

/** The stored hash of a declared user that was just added. It matches no password. */
export const NO_PASSWORD_HASH = '!'

export interface DeclaredPasswordsOptions {
  readonly passwords: readonly DeclaredPassword[]
  readonly users: Pick<UserStore, 'findUser' | 'setPasswordHash' | 'upgradePasswordHash'>
  readonly checks: PasswordChecks
  readonly log: Logger
  /** Called when the stored hash matches the password in the configuration. */
  readonly onMatch: (user: UserRecord, password: string) => void
}

// All declared users share the turns of one party, so that logins are not delayed.
const PARTY = ['declared users']
/** Relays that start together change the same passwords. */
const MAX_ATTEMPTS = 5

/**
 * Compares the passwords of declared users with the stored hashes, and changes those that differ. It runs while the relay
 * already serves: a login of a user waits until the password of that user is up to date.
 */
export class DeclaredPasswords implements AsyncDisposable {
  readonly #options: DeclaredPasswordsOptions
  readonly #updates: Map<string, Promise<void>>
  readonly #stop = new AbortController()

  constructor(options: DeclaredPasswordsOptions) {
    this.#options = options
    this.#updates = new Map(
      options.passwords.map((declared) => {
        const key = canonicalUsername(declared.user.name)
        const update = this.#update(declared)
          .catch((error: unknown) => this.#logFailure(declared.user.name, error))
          .finally(() => this.#updates.delete(key))
        return [key, update]
      }),
    )
  }

  /** Resolves when the stored password of a user is up to date. Undefined if it is. */
  updateOf(key: string): Promise<void> | undefined {
    return this.#updates.get(key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#updates.values())
  }

  async #update({ user: listed, password }: DeclaredPassword): Promise<void> {
    const { users, checks, log, onMatch } = this.#options
    const { signal } = this.#stop
    let user: UserRecord | null = listed
    for (let attempt = 1; user !== null && attempt <= MAX_ATTEMPTS; attempt += 1) {
      const isNew = user.passwordHash === NO_PASSWORD_HASH
      const matches = !isNew && (await checks.verify(password, user.passwordHash, PARTY, signal))
      if (matches) onMatch(user, password)
      if (matches && !isOutdatedHash(user.passwordHash)) return
      const passwordHash = await checks.hash(password, PARTY, signal)
      if (matches) {
        await users.upgradePasswordHash(user.id, { from: user.passwordHash, to: passwordHash })
        return
      }
      const isSet = await users.setPasswordHash(user.id, passwordHash, user.passwordHash)
      if (isSet && !isNew) log.info({ user: user.name }, 'declared user has a new password')
      // If another relay was first, its hash is verified instead.
      user = await users.findUser(user.name)
      if (isSet && user?.passwordHash === passwordHash) {
        onMatch(user, password)
        return
      }
    }
  }

  #logFailure(user: string, error: unknown): void {
    if (this.#stop.signal.aborted) return
    this.#options.log.error({ user, err: error }, 'declared password not updated')
  }
}
