import type { ProgramLog } from '../network/network.ts'
import type { Gap } from '../facts/heartbeat.ts'
import { SECOND } from '../read/timestamps.ts'

/** Times in which no replica of a relay logged anything. */
export function relaySilences(logs: readonly ProgramLog[], limitOf = silenceLimit): Gap[] {
  const [first, ...rest] = logs.map((log) => sourceGaps(log, limitOf(log)))
  return (first ?? []).filter((gap) =>
    rest.every((gaps) =>
      gaps.some((other) => other.from <= gap.from + SECOND && other.to >= gap.to - SECOND),
    ),
  )
}

/** Times in which a source logs nothing for much longer than its usual interval. */
export function sourceGaps(log: ProgramLog, limit = silenceLimit(log)): Gap[] {
  return Number.isNaN(limit) ? [] : silencesOf(log, limit)
}

/** Times longer than `limit` ms in which a source logs nothing. */
export function silencesOf({ source, shift }: ProgramLog, limit: number): Gap[] {
  return source.heartbeat
    .gapsLongerThan(limit)
    .map(({ from, to, busy }) => ({ from: from + shift, to: to + shift, busy }))
}

/** How long a source may be silent before that is a gap, ms; NaN for one that logs too rarely. */
export function silenceLimit(log: ProgramLog): number {
  const { intervals } = log.source.heartbeat
  if (intervals.count < 20) return Number.NaN
  return Math.max(30 * SECOND, 5 * intervals.quantile(0.5), 3 * intervals.quantile(0.98))
}
