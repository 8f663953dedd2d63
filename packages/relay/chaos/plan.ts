import { FAULT_KINDS, type FaultKind, type FaultName, type Requirement } from './fault-kinds.ts'
import { Random } from './random.ts'

/** How an upstream hands out tasks: again until there is a result, or only once. */
export type Manner = 'leasing' | 'once'
export const MANNERS: readonly Manner[] = ['leasing', 'once']
export type QuestionKind = 'availability' | 'generic' | 'demographics'

export interface PlannedTask {
  readonly atMs: number
  readonly uuid: string
  readonly manner: Manner
  readonly kind: QuestionKind
  /** Identifies the question. The true answer of a node depends on it. */
  readonly number: number
}

export interface FaultTarget {
  readonly relay?: string
  readonly manner?: Manner
  readonly node?: string
}

export interface PlannedFault extends FaultTarget {
  readonly atMs: number
  readonly forMs: number
  readonly name: FaultName
  /** Chooses among variants of the fault, in [0, 1). */
  readonly variant: number
}

export interface Plan {
  readonly seed: number
  readonly lengthMs: number
  /** In the order of their times. */
  readonly tasks: readonly PlannedTask[]
  readonly faults: readonly PlannedFault[]
}

export interface PlanOptions {
  readonly seed: number
  readonly tasks: number
  readonly lengthMs: number
  readonly relays: readonly string[]
  readonly nodes: readonly string[]
  readonly bunnies: readonly string[]
  readonly has: readonly Requirement[]
  /** Only faults with these names. Default: all that are possible. */
  readonly only?: readonly FaultName[]
}

// A network of two relays recovers from one fault within seconds, so that two faults overlap now and then.
const MEAN_PAUSE_MS = 1_500
// The last faults must end before the tasks do.
const QUIET_SHARE = 0.15

/** The schedule of a run: which tasks are asked when, and which faults happen when. It depends only on the options. */
export function planRun(options: PlanOptions): Plan {
  const { seed, lengthMs } = options
  return {
    seed,
    lengthMs,
    tasks: planTasks(options, new Random(seed)),
    faults: planFaults(options, new Random(seed + 1)),
  }
}

function planTasks({ tasks, lengthMs }: PlanOptions, random: Random): readonly PlannedTask[] {
  return Array.from({ length: tasks }, (_, index) => {
    const share = random.next()
    const kind = share < 0.7 ? 'availability' : share < 0.88 ? 'generic' : 'demographics'
    return {
      atMs: Math.floor(random.next() * lengthMs),
      uuid: random.uuid(),
      manner: random.pick(MANNERS),
      kind,
      number: index + 1,
    } as const
  }).toSorted((a, b) => a.atMs - b.atMs)
}

function planFaults(options: PlanOptions, random: Random): readonly PlannedFault[] {
  const possible = possibleFaults(options)
  if (possible.length === 0) return []
  const faults: PlannedFault[] = []
  const lastMs = options.lengthMs * (1 - QUIET_SHARE)
  // The first fault comes when the first tasks are under way.
  for (let atMs = 1_000; ; atMs += random.between(0.3, 1.7) * MEAN_PAUSE_MS) {
    const [name, kind] = pickWeighted(possible, random)
    const forMs = Math.round(1_000 * random.between(...kind.seconds))
    const target = pickTarget(kind, options, random)
    const variant = random.next()
    if (atMs + forMs > lastMs) {
      if (atMs > lastMs) return faults
      continue
    }
    const fault = { atMs: Math.round(atMs), forMs, name, variant, ...target }
    // Two faults of one thing at once would end each other.
    if (!faults.some((other) => overlaps(other, fault))) faults.push(fault)
  }
}

type Possible = readonly (readonly [FaultName, FaultKind])[]

function possibleFaults({ has, only, bunnies, relays }: PlanOptions): Possible {
  const names = Object.keys(FAULT_KINDS) as FaultName[]
  return names
    .map((name) => [name, FAULT_KINDS[name]] as const)
    .filter(([name]) => only === undefined || only.includes(name))
    .filter(([, kind]) => kind.needs.every((need) => has.includes(need)))
    .filter(([, kind]) => !kind.picks.includes('bunny') || bunnies.length > 0)
    .filter(([, kind]) => !kind.picks.includes('relay') || relays.length > 0)
}

function pickWeighted(possible: Possible, random: Random): Possible[number] {
  const total = possible.reduce((sum, [, { weight }]) => sum + weight, 0)
  let left = random.next() * total
  return possible.find(([, { weight }]) => (left -= weight) < 0) ?? random.pick(possible)
}

function pickTarget(kind: FaultKind, options: PlanOptions, random: Random): FaultTarget {
  const { relays, nodes, bunnies } = options
  const node = kind.picks.includes('bunny') ? bunnies : nodes
  return {
    ...(kind.picks.includes('relay') ? { relay: random.pick(relays) } : {}),
    ...(kind.picks.includes('manner') ? { manner: random.pick(MANNERS) } : {}),
    ...(kind.picks.includes('node') || kind.picks.includes('bunny')
      ? { node: random.pick(node) }
      : {}),
  }
}

// A service that has just started again needs a moment before the next fault of it means anything.
const REST_MS = 1_500

function overlaps(a: PlannedFault, b: PlannedFault): boolean {
  return (
    hitsSame(a, b) && a.atMs < b.atMs + b.forMs + REST_MS && b.atMs < a.atMs + a.forMs + REST_MS
  )
}

/** Whether two faults at the same time would disturb each other. */
export function hitsSame(
  a: FaultTarget & { name: FaultName },
  b: FaultTarget & { name: FaultName },
): boolean {
  return (
    FAULT_KINDS[a.name].scope === FAULT_KINDS[b.name].scope &&
    (['relay', 'manner', 'node'] as const).every(
      (key) => a[key] === undefined || b[key] === undefined || a[key] === b[key],
    )
  )
}
