import { MINUTE } from '../read/timestamps.ts'

const QUARTER = 15 * MINUTE
const CAPACITY = 1_024
/** Capacity at first; it doubles when needed. */
const INITIAL_CAPACITY = 8

/**
 * A bounded sample of polls, chosen so that two sources keep the same ones without knowing of each other. It keeps the polls in the
 * first part of every quarter of an hour; when there are too many, it halves that part. Time zones differ by whole quarters, so the
 * same polls are kept whatever the time zone of a source, and they are spread over the whole log.
 */
export class PollSample {
  #keptMs = QUARTER
  #times = new Float64Array(INITIAL_CAPACITY)
  #durations = new Float32Array(INITIAL_CAPACITY)
  #statuses = new Int16Array(INITIAL_CAPACITY)
  #ids = new Float64Array(INITIAL_CAPACITY)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Length of the part of each quarter of an hour that is kept, milliseconds. */
  get keptMs(): number {
    return this.#keptMs
  }

  /**
   * @param time when the response arrived, in the clock of the source
   * @param durationMs NaN if unknown
   * @param id hash of the request ID; 0 if there is none
   */
  add(time: number, durationMs: number, status: number, id: number): void {
    if (phase(time) >= this.#keptMs) return
    if (this.#length >= this.#times.length) {
      if (this.#length >= CAPACITY) {
        this.#thin()
        if (phase(time) >= this.#keptMs) return
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
    const keptMs = this.#keptMs / 2
    let inside = 0
    for (let at = 0; at < this.#length; at++) if (phase(this.time(at)) < keptMs) inside++
    // Times that all fall into one part of the quarter cannot be thinned by time, so the later half is dropped.
    if (inside < CAPACITY / 8 || inside === this.#length) {
      this.#length = CAPACITY / 2
      return
    }
    this.#keptMs = keptMs
    let kept = 0
    for (let at = 0; at < this.#length; at++) {
      if (phase(this.time(at)) >= keptMs) continue
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

/** Time within the quarter of an hour. `%` is not used: on such large numbers it takes longer than all other work for a poll. */
export function phase(time: number): number {
  return time - Math.floor(time / QUARTER) * QUARTER
}

function enlarged<T extends Float64Array | Float32Array | Int16Array>(from: T, into: T): T {
  into.set(from)
  return into
}
