import type { Facts } from '../facts/facts.ts'
import type { TaskStep } from '../facts/task-ledger.ts'
import { SECOND } from '../read/timestamps.ts'
import { notShown } from './transaction.ts'
import type { Leg, RawStep } from './transaction.ts'

/** What can happen to a task, in causal order. */
const LIFE = [
  'queued',
  'leased',
  'received',
  'handed-out',
  'lease-returned',
  'taken',
  'not-answerable',
  'solved',
  'posted',
  'answered',
  'receipt',
  'late',
  'expired',
  'settled',
  'submitting',
  'submission-failed',
  'result-received',
  'submitted',
  'abandoned',
] as const
export type LifeStep = (typeof LIFE)[number]

const LEGS: Readonly<Record<LifeStep, readonly [leg: Leg, title: string]>> = {
  queued: ['upstream', 'the upstream queues the task'],
  leased: ['upstream', 'the upstream hands out the task to the relay'],
  received: ['upstream', 'the relay receives the task from the upstream'],
  'handed-out': ['relay', 'the relay hands out the task to the client'],
  'lease-returned': ['relay', 'the lease of the client expires'],
  taken: ['client', 'the client receives the task'],
  solved: ['client', 'the client solves the task'],
  'not-answerable': ['client', 'the client cannot answer the task'],
  posted: ['client', 'the client submits its result'],
  answered: ['relay', 'the relay stores the result of the client'],
  receipt: ['client', 'the client receives the confirmation'],
  late: ['relay', 'the result of the client arrives too late'],
  expired: ['relay', 'the task reaches its deadline'],
  settled: ['relay', 'the relay settles the task'],
  submitting: ['relay', 'the relay submits the combined result'],
  'submission-failed': ['upstream', 'the submission to the upstream fails'],
  'result-received': ['upstream', 'the upstream receives the combined result'],
  submitted: ['upstream', 'the upstream accepts the combined result'],
  abandoned: ['relay', 'the relay stops trying to submit the combined result'],
}

const OF_RELAY: ReadonlyMap<TaskStep, LifeStep> = new Map<TaskStep, LifeStep>([
  ['received', 'received'],
  ['handed-out', 'handed-out'],
  ['lease-returned', 'lease-returned'],
  ['answered', 'answered'],
  ['late', 'late'],
  ['expired', 'expired'],
  ['settled', 'settled'],
  ['submitting', 'submitting'],
  ['submission-failed', 'submission-failed'],
  ['submitted', 'submitted'],
  ['abandoned', 'abandoned'],
])
const OF_CLIENT: ReadonlyMap<TaskStep, LifeStep> = new Map<TaskStep, LifeStep>([
  ['received', 'taken'],
  ['solved', 'solved'],
  ['not-answerable', 'not-answerable'],
  ['posted', 'posted'],
])
const OF_UPSTREAM: ReadonlyMap<TaskStep, LifeStep> = new Map<TaskStep, LifeStep>([
  ['received', 'queued'],
  ['handed-out', 'leased'],
  ['answered', 'result-received'],
])

/** What a recorded step of one program means in the life of the task; undefined if it adds nothing. */
export function lifeStepOf({ role, program }: Facts, step: TaskStep): LifeStep | undefined {
  switch (role) {
    case 'relay':
      return OF_RELAY.get(step)
    case 'client':
      // Warren's bunny logs the status of the relay's response.
      return step === 'posted' && program.startsWith('Warren') ? 'receipt' : OF_CLIENT.get(step)
    case 'upstream':
      return OF_UPSTREAM.get(step)
    case 'broker':
    case 'load-balancer':
    case 'database':
      return undefined
    default:
      return role satisfies never
  }
}

/** One client's share of a task. */
export interface ClientShare {
  /** The subtask ID, or the name of the client. */
  readonly key: string
  readonly name: string
}

/** A step with its place in the life of the task. */
export interface PlacedStep {
  readonly life: LifeStep
  /** Undefined for steps that are not about one client. */
  readonly share: ClientShare | undefined
  readonly step: RawStep
}

export function titleOf(life: LifeStep, share?: ClientShare): readonly [leg: Leg, title: string] {
  const [leg, title] = LEGS[life]
  return [leg, share === undefined ? title : title.replace('the client', share.name)]
}

export function missingStep(
  life: LifeStep,
  share: ClientShare | undefined,
  why: string,
): PlacedStep {
  return { life, share, step: notShown(...titleOf(life, share), why) }
}

/**
 * Sorts steps into the order in which they must have happened: by time, or by the life of a task if times are equal or the clocks of
 * two programs differ slightly.
 */
export function sortByCause(steps: readonly PlacedStep[]): PlacedStep[] {
  const byLife = steps.toSorted((a, b) => rank(a) - rank(b) || startOf(a) - startOf(b))
  const begins = new Map<PlacedStep, number>()
  for (const step of byLife) {
    const causes = byLife.filter((other) => begins.has(other) && isCause(other, step))
    const latest = Math.max(
      Number.NEGATIVE_INFINITY,
      ...causes.map((cause) => begins.get(cause) ?? 0),
    )
    const own = startOf(step)
    begins.set(step, Number.isNaN(own) ? latest : Math.max(own, latest))
  }
  const beginOf = (step: PlacedStep): number => begins.get(step) ?? 0
  return byLife.toSorted(
    (a, b) =>
      (beginOf(a) === beginOf(b) ? 0 : beginOf(a) - beginOf(b)) ||
      rank(a) - rank(b) ||
      (a.step.line?.line ?? 0) - (b.step.line?.line ?? 0),
  )
}

function rank({ life }: PlacedStep): number {
  return LIFE.indexOf(life)
}

/** NaN if only its place in the life of the task is known. */
function startOf({ step }: PlacedStep): number {
  return Number.isFinite(step.resolutionMs) ? (step.line?.time ?? Number.NaN) : Number.NaN
}

/** `first` cannot have happened after `second`. Both are already in causal order. */
function isCause(first: PlacedStep, second: PlacedStep): boolean {
  const [mine, theirs] = [first.share?.key, second.share?.key]
  if (mine !== undefined && theirs !== undefined && mine !== theirs) return false
  // The client logs this line after the relay has stored the result.
  if (first.life === 'posted') return false
  if (mine === undefined || theirs !== undefined) return true
  // Steps of the whole task follow the stored results, although the line about a result may be logged a moment later.
  const logDelay = first.life === 'answered' ? SECOND : 0
  const tolerance = Math.max(first.step.resolutionMs, second.step.resolutionMs, logDelay)
  return !(startOf(first) > startOf(second) + tolerance)
}
