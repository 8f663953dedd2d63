import type { Quotable } from '../facts/evidence-keeper.ts'
import type { BrokerFacts } from '../facts/facts.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'

/** From the first line of a start to the line with the version. */
const BOOT_MS = 3 * MINUTE
/** After a shutdown message, connections are closed, and late ones still accepted, within this time. */
const STOP_MS = 30 * SECOND

/** When the broker was up: from its start and shutdown messages, and from their absence if it was killed. */
export class BrokerLife {
  readonly #facts: BrokerFacts
  #last = Number.NaN
  #before = Number.NaN
  #boot = { at: Number.NaN, lastBefore: Number.NaN }
  #starting = false
  /** It was up, or logged a shutdown: a start after that is another one. */
  #lived = false
  #stoppedAt = Number.NaN

  constructor(facts: BrokerFacts) {
    this.#facts = facts
  }

  /** Records any event, before it is interpreted. */
  observe({ time }: Quotable): void {
    this.#before = this.#last
    this.#last = time
  }

  /** Records an accepted login. */
  acceptLogin(line: Quotable): void {
    this.#lived = true
    if (this.isStopping(line.time)) return
    this.#facts.stops.recover(line)
  }

  shutDown(line: Quotable): void {
    const { stops } = this.#facts
    this.#lived = true
    this.#facts.lastStop = line.time
    // There is more than one shutdown message.
    if (this.isStopping(line.time)) return
    this.#stoppedAt = line.time
    this.#starting = false
    stops.see(line)
    stops.detail('shut down cleanly')
  }

  /** It has just logged a shutdown. */
  isStopping(time: number): boolean {
    return !this.#starting && time - this.#stoppedAt < STOP_MS
  }

  /** Records a message that begins a start but also appears at other times. */
  beginStart({ time }: Quotable): void {
    if (time - this.#boot.at < BOOT_MS) return
    this.#boot = { at: time, lastBefore: Number.isNaN(this.#before) ? time : this.#before }
  }

  start(line: Quotable, version: string): void {
    const { stops } = this.#facts
    this.beginStart(line)
    this.#facts.started(line, version)
    const again = this.#starting || (this.#lived && !stops.open)
    this.#starting = true
    if (!again) return
    // The exact time is unknown; it was alive at its last message.
    stops.see(line, 1, this.#boot.lastBefore)
    stops.detail('ended without a shutdown message')
  }

  completeStart(line: Quotable): void {
    // The log may begin during a start.
    if (!this.#starting) this.#facts.started(line, '')
    this.#starting = false
    this.#lived = true
    this.#stoppedAt = Number.NaN
    this.#facts.stops.recover(line)
  }
}
