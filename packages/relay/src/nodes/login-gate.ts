import type { Party } from './fair-queue.ts'
import { orAborted } from './or-aborted.ts'

/** The client of a request. */
export interface Asker {
  readonly address: string
  readonly connection: ClientConnection
}

/** The socket of a client, which emits `close`. */
export interface ClientConnection {
  readonly destroyed?: boolean
  once(event: 'close', listener: () => void): unknown
}

/** A login in progress. Dispose it when the client has its response, or is gone. */
export interface LoginVisit extends Disposable {
  /** Aborts with a ClientGoneError when the connection closes. */
  readonly gone: AbortSignal
  /** The address and connection of the client. Connections with a failed login take turns among themselves. */
  readonly party: Party
  /** Whether an earlier login of the connection failed. */
  readonly hasFailed: boolean
  /** Records that this login failed. */
  markFailed(): void
}

/** Too many logins wait, in total or of one client. The client should retry later. */
export class LoginsBusyError extends Error {
  override readonly name = 'LoginsBusyError'

  constructor(waiting: number) {
    super(`${waiting} logins are already waiting`)
  }
}

/** The client has disconnected, so its login is not needed any more. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError'
}

/** The responses of a connection have the order of its requests, so only a client that pipelines has several at a time. */
const MAX_PER_CONNECTION = 16

interface Connection {
  readonly gone: AbortSignal
  /** Settles when the logins that are already waiting are done. */
  last: Promise<void>
  waiting: number
  hasFailed: boolean
}

/**
 * Admits the logins that need a look-up: one per connection at a time, and a limited number in total. One address gets at
 * most as many places as it leaves free, so there is always a place for another address.
 */
export class LoginGate {
  readonly #maxWaiting: number
  readonly #connections = new WeakMap<ClientConnection, Connection>()
  readonly #perAddress = new Map<string, number>()
  #waiting = 0

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting
  }

  /** Resolves when it is this login's turn on its connection. Rejects with LoginsBusyError or ClientGoneError. */
  async enter({ address, connection }: Asker): Promise<LoginVisit> {
    const state = this.#connections.get(connection) ?? this.#watch(connection)
    const ofAddress = this.#perAddress.get(address) ?? 0
    const free = this.#maxWaiting - this.#waiting
    if (state.waiting >= MAX_PER_CONNECTION) throw new LoginsBusyError(state.waiting)
    if (ofAddress >= free) throw new LoginsBusyError(this.#waiting)

    this.#count(address, state, 1)
    const done = Promise.withResolvers<void>()
    const turn = state.last
    state.last = turn.then(() => done.promise)
    const leave = (): void => {
      this.#count(address, state, -1)
      done.resolve()
    }
    try {
      await orAborted(turn, state.gone)
    } catch (error: unknown) {
      leave()
      throw error
    }
    return {
      gone: state.gone,
      party: [address, state.hasFailed, connection],
      hasFailed: state.hasFailed,
      markFailed: () => {
        state.hasFailed = true
      },
      [Symbol.dispose]: leave,
    }
  }

  #count(address: string, state: Connection, change: 1 | -1): void {
    state.waiting += change
    this.#waiting += change
    const ofAddress = (this.#perAddress.get(address) ?? 0) + change
    if (ofAddress === 0) this.#perAddress.delete(address)
    else this.#perAddress.set(address, ofAddress)
  }

  #watch(connection: ClientConnection): Connection {
    const closed = new AbortController()
    const close = (): void => closed.abort(new ClientGoneError('the client has disconnected'))
    if (connection.destroyed === true) close()
    connection.once('close', close)
    const state = { gone: closed.signal, last: Promise.resolve(), waiting: 0, hasFailed: false }
    this.#connections.set(connection, state)
    return state
  }
}
