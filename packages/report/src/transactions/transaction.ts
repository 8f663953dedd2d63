import type { Confidence } from '../vocabulary/judgement.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Facts } from '../facts/facts.ts'
import { SECOND } from '../read/timestamps.ts'
import { shifted } from '../timeline/placed-problem.ts'
import type { ProgramLog } from '../network/network.ts'
import type { NetworkLink, Side } from '../network/topology.ts'

export type Leg = Side | 'cdm'

/** One step, quoted on the common time line; without a line if no source shows it. */
export interface RawStep {
  readonly leg: Leg
  readonly title: string
  readonly line: RawEvidence | undefined
  /** Resolution of the line's time, ms. */
  readonly resolutionMs: number
  /** Why no line shows it. */
  readonly missing?: string
  /** No program logs this step, so nothing is missing. */
  readonly unlogged?: true
}

/** One poll or one task, followed through every program. */
export interface RawTransaction {
  readonly kind: 'poll' | 'task'
  readonly title: string
  readonly link: NetworkLink | undefined
  readonly matchedBy: 'request-id' | 'task-id' | 'time' | 'one-source'
  readonly confidence: Confidence
  readonly steps: readonly RawStep[]
  /** Milliseconds; NaN if unknown. */
  readonly tookMs: number
  /** Whose log contains the duration; undefined if it is the time from the first line to the last. */
  readonly measuredBy: 'relay' | 'client' | undefined
  /** Resolution of the duration, ms: 1000 if a log has whole seconds only. */
  readonly resolutionMs: number
  /** What the reader must know about how the lines were matched. */
  readonly remarks: readonly string[]
}

/** A step that a line shows. `shift` converts from the source's clock to the common time line. */
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

export function notLogged(leg: Leg, title: string, missing: string): RawStep {
  return { ...notShown(leg, title, missing), unlogged: true }
}

/** Every step that programs log has a line. */
export function isComplete({ steps }: RawTransaction): boolean {
  return steps.every(({ line, unlogged }) => line !== undefined || unlogged === true)
}

/** Resolution of the times in a log, ms: 1000 if it has whole seconds only. */
export function resolutionOf({ source, facts }: ProgramLog): number {
  const times = [source.first, source.last, ...exchangeTimes(facts).slice(0, 32)]
  return times.every((time) => time % SECOND === 0) ? SECOND : 1
}

function exchangeTimes(facts: Facts): number[] {
  return 'sample' in facts ? facts.sample.exchanges.map(({ time }) => time) : []
}

/**
 * Milliseconds from the first step to each; null if unknown: next to exact times, whole seconds are too coarse. Steps are in causal
 * order, so a negative difference is a clock error and counts as 0.
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
