import { phase } from '../facts/poll-sample.ts'
import type { PollSample } from '../facts/poll-sample.ts'

const QUARTER = 15 * 60_000
const MAX_INSTANTS = 2_000

/** Times of events in one source that another source may have logged too, in the clock of the first. */
export interface Signal {
  /** Ascending, milliseconds. */
  readonly times: Float64Array
  /** HTTP status per event; 0 if there is none. */
  readonly statuses: Int16Array
  /** Only events in the first `keptMs` milliseconds of each quarter of an hour are included. */
  readonly keptMs: number
  /** 1000 if times are whole seconds. */
  readonly resolutionMs: number
}

/** `wanted` selects polls by their status. */
export function signalOfPolls(
  samples: readonly PollSample[],
  wanted: (status: number) => boolean = () => true,
): Signal {
  const keptMs = Math.min(QUARTER, ...samples.map((sample) => sample.keptMs))
  const points: [number, number][] = []
  for (const sample of samples) {
    for (let at = 0; at < sample.length; at++) {
      if (phase(sample.time(at)) < keptMs && wanted(sample.status(at)))
        points.push([sample.time(at), sample.status(at)])
    }
  }
  return signalOf(points, keptMs)
}

export function signalOf(points: [number, number][], keptMs: number): Signal {
  const all = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
  const step = Math.ceil(all.length / MAX_INSTANTS)
  const kept = step <= 1 ? all : all.filter((_, index) => index % step === 0)
  return {
    times: Float64Array.from(kept, ([time]) => time),
    statuses: Int16Array.from(kept, ([, status]) => status),
    keptMs,
    resolutionMs: kept.every(([time]) => time % 1000 === 0) ? 1000 : 1,
  }
}

/** The events of several sources, on the common time line. */
export function mergeSignals(
  parts: readonly { readonly signal: Signal; readonly shift: number }[],
): Signal {
  const keptMs = Math.min(QUARTER, ...parts.map(({ signal }) => signal.keptMs))
  const points = parts.flatMap(({ signal, shift }) =>
    Array.from(signal.times, (time, at): [number, number] => [
      time + shift,
      signal.statuses[at] ?? 0,
    ]),
  )
  return signalOf(
    points.filter(([time]) => phase(time) < keptMs),
    keptMs,
  )
}
