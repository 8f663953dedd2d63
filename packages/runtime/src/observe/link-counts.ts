import { DurationHistogram } from './duration-histogram.ts'

// There are few statuses and error codes, but the other side chooses them.
const MAX_OUTCOMES = 20

/** The fields of a summary that count polls. */
export interface CountedPolls {
  readonly polls: Readonly<Record<string, number>>
  readonly p50Ms?: number
  readonly p95Ms?: number
  readonly maxMs?: number
  readonly periodMs: number
}

/** Counts polls by outcome, such as `204`, `200` or `error`, and their durations, until they are taken. */
export class LinkCounts {
  readonly #durations = new DurationHistogram()
  #polls = new Map<string, number>()
  #since: number

  constructor(now: number) {
    this.#since = now
  }

  record(outcome: string, durationMs: number): void {
    const known = this.#polls.has(outcome) || this.#polls.size < MAX_OUTCOMES
    const key = known ? outcome : 'other'
    this.#polls.set(key, (this.#polls.get(key) ?? 0) + 1)
    this.#durations.record(durationMs)
  }

  get isEmpty(): boolean {
    return this.#polls.size === 0
  }

  count(outcome: string): number {
    return this.#polls.get(outcome) ?? 0
  }

  /** What was counted since the last call. The counts start again from zero. */
  take(now: number): CountedPolls {
    const counts = [...this.#polls].toSorted(([a], [b]) => (a < b ? -1 : 1))
    const counted = {
      polls: Object.fromEntries(counts),
      ...(this.#durations.count > 0 && {
        p50Ms: this.#durations.percentile(0.5),
        p95Ms: this.#durations.percentile(0.95),
        maxMs: this.#durations.max,
      }),
      periodMs: now - this.#since,
    }
    this.#polls = new Map()
    this.#durations.reset()
    this.#since = now
    return counted
  }
}
