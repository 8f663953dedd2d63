import { hash, randomBytes } from 'node:crypto'
import type { Principal } from './principal.ts'
import type { VerifiedLogin } from './verified-logins.ts'

interface RecentLogin {
  readonly digest: string
  readonly login: VerifiedLogin
  readonly principal: Principal
}

/**
 * The Authorization header with which each collection ID was last polled. A node repeats its header at every poll, and
 * comparing it as a whole is cheaper than reading it.
 */
export class RecentLogins {
  readonly #isCurrent: (login: VerifiedLogin) => boolean
  readonly #maxEntries: number
  readonly #key = randomBytes(32).toString('hex')
  readonly #byCollection = new Map<string, RecentLogin>()

  constructor(options: {
    /** Whether a login is in use and its user cannot have changed since it was verified. */
    readonly isCurrent: (login: VerifiedLogin) => boolean
    readonly maxEntries: number
  }) {
    this.#isCurrent = options.isCurrent
    this.#maxEntries = options.maxEntries
  }

  /** The principal of a header that was verified for this collection ID before. */
  find(authorization: string, collection: string): Principal | undefined {
    const recent = this.#byCollection.get(collection)
    if (recent === undefined || !this.#isCurrent(recent.login)) return undefined
    return recent.digest === this.#digest(authorization) ? recent.principal : undefined
  }

  remember(
    authorization: string,
    collection: string,
    login: VerifiedLogin,
    principal: Principal,
  ): void {
    // A client must not fill the memory with the many spellings of one collection ID.
    if (collection !== principal.nodeId && collection !== `${principal.nodeId}.${principal.suffix}`)
      return
    if (principal.suffix.length > 1) return
    const digest = this.#digest(authorization)
    this.#byCollection.delete(collection)
    this.#byCollection.set(collection, { digest, login, principal })
    if (this.#byCollection.size > this.#maxEntries) {
      const oldest = this.#byCollection.keys().next()
      if (oldest.done !== true) this.#byCollection.delete(oldest.value)
    }
  }

  /**
   * How long it takes to compare two digests says nothing about a header: clients do not know the key. A digest as text costs
   * a quarter of one in a buffer.
   */
  #digest(authorization: string): string {
    return hash('sha256', this.#key + authorization, 'hex')
  }
}
