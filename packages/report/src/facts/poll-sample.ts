import { MINUTE } from '../read/timestamps.ts'

const QUARTER = 15 * MINUTE
const CAPACITY = 1_024
/** Room for so many at first; it doubles. */
const INITIAL_CAPACITY = 8

/**
 * A bounded sample of polls that two sources choose alike without knowing of each other. Kept is what falls into the first part
 * of every quarter of an hour; when there are too many, the part is halved. Clocks of different zones differ by whole quarters,
 * so whatever zone a source writes, the same polls survive, and from every stretch of the log.
 */
export class PollSample {
  #part = QUARTER
  #times = new Float64Array(INITIAL_CAPACITY)
  #durations = new Float32Array(INITIAL_CAPACITY)
  #statuses = new Int16Array(INITIAL_CAPACITY)
  #ids = new Float64Array(INITIAL_CAPACITY)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Length of the part of each quarter of an hour that is kept, milliseconds. */
  get part(): number {
    return this.#part
  }

  /**
   * @param time when the answer was there, in the clock of the source
   * @param durationMs NaN where it is not known
   * @param id hash of the request id, 0 without one
   */
  add(time: number, durationMs: number, status: number, id: number): void {
    if (phase(time) >= this.#part) return
    if (this.#length >= this.#times.length) {
      if (this.#length >= CAPACITY) {
        this.#thin()
        if (phase(time) >= this.#part) return
      } else this.#grow()
    }
    const at = this.#length++
    this.#times[at] = time
    this.#durations[at] = durationMs
    this.#statuses[at] = status
    this.#ids[at] = id
  }

  time(index: number): number {
    return this.#times[index] ?? Number.NaN
  }

  duration(index: number): number {
    return this.#durations[index] ?? Number.NaN
  }

  status(index: number): number {
    return this.#statuses[index] ?? 0
  }

  id(index: number): number {
    return this.#ids[index] ?? 0
  }

  #thin(): void {
    const part = this.#part / 2
    let inside = 0
    for (let at = 0; at < this.#length; at++) if (phase(this.time(at)) < part) inside++
    // Stamps that all fall into one part of the quarter cannot be thinned by time: then the later ones go.
    if (inside < CAPACITY / 8 || inside === this.#length) {
      this.#length = CAPACITY / 2
      return
    }
    this.#part = part
    let kept = 0
    for (let at = 0; at < this.#length; at++) {
      if (phase(this.time(at)) >= part) continue
      this.#times[kept] = this.time(at)
      this.#durations[kept] = this.duration(at)
      this.#statuses[kept] = this.status(at)
      this.#ids[kept] = this.id(at)
      kept++
    }
    this.#length = kept
  }

  #grow(): void {
    const size = Math.min(CAPACITY, this.#times.length * 2)
    this.#times = enlarged(this.#times, new Float64Array(size))
    this.#durations = enlarged(this.#durations, new Float32Array(size))
    this.#statuses = enlarged(this.#statuses, new Int16Array(size))
    this.#ids = enlarged(this.#ids, new Float64Array(size))
  }
}

/** Time within the quarter of an hour. Not by `%`, which takes longer for such large numbers than all else a poll costs. */
export function phase(time: number): number {
  return time - Math.floor(time / QUARTER) * QUARTER
}

function enlarged<T extends Float64Array | Float32Array | Int16Array>(from: T, into: T): T {
  into.set(from)
  return into
}
