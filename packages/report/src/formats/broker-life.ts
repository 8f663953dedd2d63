import type { Quotable } from '../facts/evidence-keeper.ts'
import type { BrokerFacts } from '../facts/facts.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'

/** From the first words of a start to the one that names the version. */
const BOOT_MS = 3 * MINUTE
/** Connections are closed, and late ones still let in, within this time of the broker's saying that it stops. */
const STOP_MS = 30 * SECOND

/** When the broker was up: by what it says of its starts and stops, and by what it no longer says when it is killed. */
export class BrokerLife {
  readonly #facts: BrokerFacts
  #last = Number.NaN
  #before = Number.NaN
  #boot = { at: Number.NaN, lastBefore: Number.NaN }
  #starting = false
  /** It was up, or said that it stopped: a start after that is another one. */
  #lived = false
  #stoppedAt = Number.NaN

  constructor(facts: BrokerFacts) {
    this.#facts = facts
  }

  /** Any event, before it is told what the event means. */
  heard({ time }: Quotable): void {
    this.#before = this.#last
    this.#last = time
  }

  /** It let somebody in. */
  works(line: Quotable): void {
    this.#lived = true
    if (this.isStopping(line.time)) return
    this.#facts.stops.recover(line)
  }

  stops(line: Quotable): void {
    const { stops } = this.#facts
    this.#lived = true
    this.#facts.lastStop = line.time
    // It says so more than once.
    if (this.isStopping(line.time)) return
    this.#stoppedAt = line.time
    this.#starting = false
    stops.see(line)
    stops.detail('stopped in order')
  }

  /** It has just said that it was going down. */
  isStopping(time: number): boolean {
    return !this.#starting && time - this.#stoppedAt < STOP_MS
  }

  /** Words that a start begins with, and that are said at other times as well. */
  mayStart({ time }: Quotable): void {
    if (time - this.#boot.at < BOOT_MS) return
    this.#boot = { at: time, lastBefore: Number.isNaN(this.#before) ? time : this.#before }
  }

  starts(line: Quotable, version: string): void {
    const { stops } = this.#facts
    this.mayStart(line)
    this.#facts.started(line, version)
    const again = this.#starting || (this.#lived && !stops.open)
    this.#starting = true
    if (!again) return
    // Nobody knows when exactly; what it said last it said alive.
    stops.see(line, 1, this.#boot.lastBefore)
    stops.detail('ended without a shutdown message')
  }

  isUp(line: Quotable): void {
    // The log may begin in the middle of a start.
    if (!this.#starting) this.#facts.started(line, '')
    this.#starting = false
    this.#lived = true
    this.#stoppedAt = Number.NaN
    this.#facts.stops.recover(line)
  }
}
