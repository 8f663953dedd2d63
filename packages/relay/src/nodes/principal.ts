import type { LoginVersion } from '../store/user-store.ts'
import type { VerifiedLogin, VerifiedLogins } from './verified-logins.ts'

/** The user of a verified request, and the node it polls for. */
export class Principal {
  readonly username: string
  readonly nodeId: string
  /** Text after the dot of the collection ID; `''` if there is none. */
  readonly suffix: string
  readonly #login: VerifiedLogin
  readonly #logins: VerifiedLogins

  constructor(
    login: VerifiedLogin,
    target: { readonly nodeId: string; readonly suffix: string },
    logins: VerifiedLogins,
  ) {
    this.username = login.record.name
    this.nodeId = target.nodeId
    this.suffix = target.suffix
    this.#login = login
    this.#logins = logins
  }

  /** Whether the database has this login now. A task that was leased for an earlier login must be returned. */
  isStill({ userId, passwordVersion: current, earlierVersion }: LoginVersion): boolean {
    const { record, passwordVersion } = this.#login
    if (record.id !== userId) return false
    return passwordVersion === current || passwordVersion === earlierVersion
  }

  /** Calls `listener` when the login ends, so that a held poll can be answered. Dispose the result after the poll. */
  onEnd(listener: () => void): Disposable {
    return this.#logins.hold(this.#login, this.nodeId, listener)
  }
}
