import { phase } from '../facts/poll-sample.ts'
import type { Signal } from './signal.ts'

const MAX_SAMPLED = 240

/** How well two signals fit if the first is shifted by `offset`. The second then happens `residual` later. Milliseconds. */
export interface Alignment {
  readonly offset: number
  readonly residual: number
  /** Mean distance from the residual. */
  readonly spread: number
  readonly matched: number
  /** Instants of the first signal within the time that the second covers. */
  readonly comparable: number
}

/** Aligns the signals with the first shifted by `offset`; partners are at most `reach` apart. */
export function align(a: Signal, b: Signal, offset: number, reach: number): Alignment {
  const residuals: number[] = []
  let comparable = 0
  const first = (b.times[0] ?? 0) - reach
  const last = (b.times.at(-1) ?? 0) + reach
  const step = Math.max(1, Math.floor(a.times.length / MAX_SAMPLED))
  for (let at = 0; at < a.times.length; at += step) {
    const time = (a.times[at] ?? 0) + offset
    if (time < first || time > last) continue
    // The other signal keeps a smaller part of each quarter of an hour: an instant outside it cannot match.
    if (b.keptMs < a.keptMs && phase(time) >= b.keptMs) continue
    comparable++
    const partner = nearest(b.times, time)
    const residual = (b.times[partner] ?? Number.POSITIVE_INFINITY) - time
    if (Math.abs(residual) <= reach && sameOutcome(a.statuses[at] ?? 0, b.statuses[partner] ?? 0)) {
      residuals.push(residual)
    }
  }
  if (residuals.length === 0) {
    return { offset, residual: 0, spread: Number.POSITIVE_INFINITY, matched: 0, comparable }
  }
  const middle = median(residuals)
  const tolerance = Math.max(a.resolutionMs, b.resolutionMs) > 1 ? 1_100 : 400
  const near = residuals.filter((residual) => Math.abs(residual - middle) <= tolerance)
  const mean = near.reduce((sum, residual) => sum + residual, 0) / near.length
  const spread = near.reduce((sum, residual) => sum + Math.abs(residual - mean), 0) / near.length
  return { offset, residual: mean, spread, matched: near.length, comparable }
}

/** Lags within ± `reach` at which many pairs of instants are equally far apart; the most promising first. */
export function likelyLags(a: Signal, b: Signal, offset: number, reach: number): number[] {
  const bin = 1_000
  const counts = new Map<number, number>()
  const step = Math.max(1, Math.floor(a.times.length / MAX_SAMPLED))
  for (let at = 0; at < a.times.length; at += step) {
    const time = (a.times[at] ?? 0) + offset
    for (let other = lowerBound(b.times, time - reach); other < b.times.length; other++) {
      const lag = (b.times[other] ?? 0) - time
      if (lag > reach) break
      const key = Math.round(lag / bin)
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  return [...counts]
    .sort((x, y) => y[1] - x[1] || Math.abs(x[0]) - Math.abs(y[0]) || x[0] - y[0])
    .slice(0, 160)
    .map(([key]) => key * bin)
}

/** Widest range of lags that is counted, in seconds: eight days. */
const MAX_LAG_SECONDS = 691_200

/**
 * Lags within [low, high] milliseconds, in steps of a second, by the number of pairs of instants that far apart; the most frequent
 * first, at most `most`. If the range is too wide to count, only its middle is used, where the signals overlap most.
 */
export function frequentLags(
  a: Signal,
  b: Signal,
  low: number,
  high: number,
  most: number,
): number[] {
  const whole = Math.ceil(high / 1_000) - Math.floor(low / 1_000) + 1
  const length = Math.min(MAX_LAG_SECONDS, whole)
  const first = Math.floor(low / 1_000) + Math.floor((whole - length) / 2)
  if (!(length > 0)) return []
  const counts = new Uint32Array(length)
  const step = Math.max(1, Math.floor(a.times.length / 120))
  for (let at = 0; at < a.times.length; at += step) {
    const time = a.times[at] ?? 0
    for (const other of b.times) {
      const bin = Math.round((other - time) / 1_000) - first
      if (bin >= 0 && bin < length) counts[bin] = (counts[bin] ?? 0) + 1
    }
  }
  const bins: number[] = []
  // A lag between two seconds is spread over both bins.
  const weight = (bin: number): number =>
    (counts[bin] ?? 0) + Math.max(counts[bin - 1] ?? 0, counts[bin + 1] ?? 0)
  const middle = length / 2
  const least = Math.max(2, Math.min(5, a.times.length / step / 10))
  for (let bin = 0; bin < length; bin++) if ((counts[bin] ?? 0) >= least) bins.push(bin)
  return bins
    .toSorted((x, y) => weight(y) - weight(x) || Math.abs(x - middle) - Math.abs(y - middle))
    .slice(0, most)
    .map((bin) => (bin + first) * 1_000)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** The statuses agree, as far as both are known. */
function sameOutcome(a: number, b: number): boolean {
  return a === 0 || b === 0 || a === b || (a >= 400 && b >= 400)
}

function nearest(times: Float64Array, time: number): number {
  const at = lowerBound(times, time)
  const before = at - 1
  if (at >= times.length) return before
  if (before < 0) return at
  return (times[at] ?? 0) - time < time - (times[before] ?? 0) ? at : before
}

function lowerBound(times: Float64Array, time: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? 0) < time) low = middle + 1
    else high = middle
  }
  return low
}
