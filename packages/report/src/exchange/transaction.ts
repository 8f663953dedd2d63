import type { Confidence } from '../document/report-document.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Facts } from '../facts/facts.ts'
import { SECOND } from '../read/timestamps.ts'
import { shifted } from '../timeline/side-view.ts'
import type { ProgramLog } from './network.ts'
import type { NetworkLink, Side } from './topology.ts'

export type Leg = Side | 'cdm'

/** One step, quoted on the common time line; without a line where no source shows it. */
export interface RawStep {
  readonly leg: Leg
  readonly title: string
  readonly line: RawEvidence | undefined
  /** How exact the time of the line is, ms. */
  readonly resolutionMs: number
  /** Why no line shows it. */
  readonly missing?: string
  /** No program writes a line about it: nothing is lacking. */
  readonly unwritten?: true
}

/** One poll or one task through everything it touched. */
export interface RawTransaction {
  readonly kind: 'poll' | 'task'
  readonly title: string
  readonly link: NetworkLink | undefined
  readonly matchedBy: 'request-id' | 'task-id' | 'time' | 'one-source'
  readonly certainty: Confidence
  readonly steps: readonly RawStep[]
  /** Milliseconds; NaN if it cannot be told. */
  readonly tookMs: number
  /** Who says so; undefined where it is the time from the first line to the last. */
  readonly measuredBy: 'relay' | 'client' | undefined
  /** How exact that is: whole seconds where a log has no finer times. */
  readonly resolutionMs: number
  /** What the reader has to know about how the lines were put together. */
  readonly remarks: readonly string[]
}

/** A step that a line shows. `shift` moves the clock of its source onto the common time line. */
export function shown(
  leg: Leg,
  title: string,
  line: RawEvidence,
  log: ProgramLog,
  shift = log.shift,
): RawStep {
  return { leg, title, line: shifted(line, shift), resolutionMs: resolutionOf(log) }
}

export function notShown(leg: Leg, title: string, missing: string): RawStep {
  return { leg, title, line: undefined, resolutionMs: 1, missing }
}

export function notWritten(leg: Leg, title: string, missing: string): RawStep {
  return { ...notShown(leg, title, missing), unwritten: true }
}

/** Every step that programs write lines about has one. */
export function isComplete({ steps }: RawTransaction): boolean {
  return steps.every(({ line, unwritten }) => line !== undefined || unwritten === true)
}

/** How exact the times of a log are: 1000 where it has whole seconds only. */
export function resolutionOf({ source, facts }: ProgramLog): number {
  const times = [source.first, source.last, ...exchangeTimes(facts).slice(0, 32)]
  return times.every((time) => time % SECOND === 0) ? SECOND : 1
}

function exchangeTimes(facts: Facts): number[] {
  return 'sample' in facts ? facts.sample.exchanges.map(({ time }) => time) : []
}

/**
 * Milliseconds from the first step to each; null where that is not known: beside exact times, whole seconds say nothing. Steps
 * stand in the order of cause and effect, so what clocks say against it is their error and not a negative time.
 */
export function sinceStart(steps: readonly RawStep[]): (number | null)[] {
  const finest = Math.min(
    ...steps.flatMap(({ line, resolutionMs }) => (line === undefined ? [] : [resolutionMs])),
  )
  let start = Number.NaN
  let latest = Number.NEGATIVE_INFINITY
  return steps.map(({ line, resolutionMs }) => {
    if (line === undefined || Number.isNaN(line.time) || resolutionMs > finest) return null
    if (Number.isNaN(start)) start = line.time
    latest = Math.max(latest, line.time)
    const since = Math.round((latest - start) / finest) * finest
    return since === 0 && finest >= SECOND ? null : since
  })
}
