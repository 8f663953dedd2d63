import type { Facts } from '../facts/facts.ts'
import type { TaskStep } from '../facts/task-ledger.ts'
import { SECOND } from '../read/timestamps.ts'
import { notShown } from './transaction.ts'
import type { Leg, RawStep } from './transaction.ts'

/** What happens to a task, in the order of cause and effect. */
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
  queued: ['upstream', 'the upstream is asked'],
  leased: ['upstream', 'the upstream gives the task to the relay'],
  received: ['upstream', 'the relay receives the task from the upstream'],
  'handed-out': ['relay', 'the relay hands the task to the client'],
  'lease-returned': ['relay', 'the relay waits no longer for the client'],
  taken: ['client', 'the client takes the task'],
  solved: ['client', 'the client has solved it'],
  'not-answerable': ['client', 'the client cannot answer it'],
  posted: ['client', 'the client has posted its answer'],
  answered: ['relay', 'the relay stores the answer of the client'],
  receipt: ['client', 'the client knows that the relay has its answer'],
  late: ['relay', 'the answer of the client comes too late'],
  expired: ['relay', 'the task reaches its deadline'],
  settled: ['relay', 'the relay has all answers'],
  submitting: ['relay', 'the relay submits the result'],
  'submission-failed': ['upstream', 'the upstream does not take it'],
  'result-received': ['upstream', 'the upstream has the result'],
  submitted: ['upstream', 'the upstream has taken the result'],
  abandoned: ['relay', 'the result is given up'],
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

/** What a step in the ledger of one program means in the life of the task; undefined where it adds nothing. */
export function lifeStepOf({ role, program }: Facts, step: TaskStep): LifeStep | undefined {
  switch (role) {
    case 'relay':
      return OF_RELAY.get(step)
    case 'client':
      // Ours writes the status with which the relay answered.
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

/** One client’s part of a task. */
export interface ClientShare {
  /** Tells parts apart: a subtask, or the name of the client. */
  readonly key: string
  readonly name: string
}

/** A step of a task with the place it has in its life. */
export interface PlacedStep {
  readonly life: LifeStep
  /** Undefined for what is not about one client. */
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
 * In the order in which it must have happened: by time where times tell, by the life of a task where they tie or where the clocks
 * of two programs disagree a little.
 */
export function inOrderOfLife(steps: readonly PlacedStep[]): PlacedStep[] {
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

/** NaN where only its place in the life of the task is known. */
function startOf({ step }: PlacedStep): number {
  return Number.isFinite(step.resolutionMs) ? (step.line?.time ?? Number.NaN) : Number.NaN
}

/** The first cannot have happened after the second. Both are in the order of life already. */
function isCause(first: PlacedStep, second: PlacedStep): boolean {
  const [mine, theirs] = [first.share?.key, second.share?.key]
  if (mine !== undefined && theirs !== undefined && mine !== theirs) return false
  // The line about posting is written once the relay has stored the answer.
  if (first.life === 'posted') return false
  if (mine === undefined || theirs !== undefined) return true
  // What happens to the whole task waits for answers that are stored, though the line about it may come a moment later.
  const tolerance = first.life === 'answered' ? SECOND : 0
  const room = Math.max(first.step.resolutionMs, second.step.resolutionMs, tolerance)
  return !(startOf(first) > startOf(second) + room)
}
