import { DurationHistogram } from '@warren/runtime'
import type { LogRecord } from '@warren/runtime'
import type { WriterOptions } from './written-line.ts'

/** Interval of summaries in Warren's programs. */
export const PERIOD_MS = 60_000

export const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const

/** A record as Warren's programs pass it to pino; `at` is its time. */
export interface WarrenRecord {
  readonly at: number
  readonly level: keyof typeof LEVELS
  readonly msg: string
  readonly fields: object
}

/** With its members in pino's order. */
export function logRecord(
  { at, level, msg, fields }: WarrenRecord,
  component: string,
  pod: string,
): LogRecord {
  const base = { level: LEVELS[level], time: Math.floor(at), component, hostname: pod }
  return { ...base, ...fields, msg }
}

/** Counts the polls of one link and logs a summary once a minute, even if there were none. */
export class MinuteSummary {
  readonly #link: string
  readonly #from: number
  readonly #polls: { at: number; outcome: string; durationMs: number }[] = []

  constructor(link: string, from: number) {
    this.#link = link
    this.#from = from
  }

  count(at: number, outcome: string, durationMs: number): void {
    this.#polls.push({ at, outcome, durationMs })
  }

  records({ to }: WriterOptions): WarrenRecord[] {
    const records: WarrenRecord[] = []
    for (let end = this.#from + PERIOD_MS; end <= to; end += PERIOD_MS) {
      const polls = this.#polls.filter(({ at }) => at >= end - PERIOD_MS && at < end)
      const durations = new DurationHistogram()
      const counts = new Map<string, number>()
      for (const { outcome, durationMs } of polls) {
        durations.record(durationMs)
        counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
      }
      const latency = {
        p50Ms: durations.percentile(0.5),
        p95Ms: durations.percentile(0.95),
        maxMs: durations.max,
      }
      const fields = {
        link: this.#link,
        polls: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
        ...(polls.length > 0 ? latency : {}),
        periodMs: PERIOD_MS,
      }
      records.push({ at: end, level: 'info', msg: 'link summary', fields })
    }
    return records
  }
}
