/** Who a turn is for, from the widest group to the narrowest, for example a client address and one of its connections. */
export type Party = readonly unknown[]

interface Entry {
  readonly occupiesSlot: boolean
  readonly grant: () => void
}

/**
 * Shares a few slots among parties. Within each group the members take turns, so that a thousand entries of one address
 * delay the single entry of another by one turn.
 */
export class FairQueue {
  readonly #slots: number
  readonly #waiting = new Group()
  #running = 0

  constructor(slots: number) {
    this.#slots = slots
  }

  /** Resolves when it is this party's turn. Dispose the turn to free its slot. Rejects if `signal` aborts first. */
  async enter(party: Party, signal: AbortSignal): Promise<Disposable> {
    await this.#turn(party, signal, true)
    let isHeld = true
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return
        isHeld = false
        this.#running -= 1
        this.#grantTurns()
      },
    }
  }

  /** Waits as long as `enter` does, but takes no slot. */
  async pass(party: Party, signal: AbortSignal): Promise<void> {
    await this.#turn(party, signal, false)
  }

  #turn(party: Party, signal: AbortSignal, occupiesSlot: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const leave = (): void => {
        this.#waiting.remove(party, entry)
        reject(signal.reason)
      }
      const grant = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const entry: Entry = { occupiesSlot, grant }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.add(party, entry)
      this.#grantTurns()
    })
  }

  #grantTurns(): void {
    while (this.#running < this.#slots) {
      const entry = this.#waiting.take()
      if (entry === undefined) return
      if (entry.occupiesSlot) this.#running += 1
      entry.grant()
    }
  }
}

/** Entries in order of arrival, or groups of them that take turns. */
class Group {
  readonly #entries = new Set<Entry>()
  readonly #members = new Map<unknown, Group>()

  get #isEmpty(): boolean {
    return this.#entries.size === 0 && this.#members.size === 0
  }

  add(party: Party, entry: Entry): void {
    const [first, ...rest] = party
    if (party.length === 0) {
      this.#entries.add(entry)
      return
    }
    const member = this.#members.get(first) ?? new Group()
    this.#members.set(first, member)
    member.add(rest, entry)
  }

  remove(party: Party, entry: Entry): void {
    const [first, ...rest] = party
    if (party.length === 0) this.#entries.delete(entry)
    const member = this.#members.get(first)
    if (member === undefined) return
    member.remove(rest, entry)
    if (member.#isEmpty) this.#members.delete(first)
  }

  take(): Entry | undefined {
    for (const entry of this.#entries) {
      this.#entries.delete(entry)
      return entry
    }
    for (const [key, member] of this.#members) {
      const entry = member.take()
      // A map iterates in order of insertion: the member that had its turn becomes the last one.
      this.#members.delete(key)
      if (!member.#isEmpty) this.#members.set(key, member)
      return entry
    }
    return undefined
  }
}
