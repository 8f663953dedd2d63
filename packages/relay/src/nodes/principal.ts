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

  /**
   * False once the login has ended: the password was reset, or the user or its node was removed. Asks the database only
   * if users may have changed since the login was verified, and rejects if it is down. A task that was leased for a held
   * poll must be returned unless this is true.
   */
  stillValid(): Promise<boolean> {
    return this.#logins.isValid(this.#login, this.nodeId)
  }

  /** Calls `listener` when the login ends, so that a held poll can be answered. Dispose the result after the poll. */
  onEnd(listener: () => void): Disposable {
    return this.#logins.hold(this.#login, this.nodeId, listener)
  }
}
