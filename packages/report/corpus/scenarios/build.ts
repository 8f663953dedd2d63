import type { Cause } from '../../src/document/cause.ts'
import type { Fault } from '../simulation/faults.ts'
import { clientPlan, WINDOW_START } from '../simulation/plan.ts'
import type { NetworkPlan, TaskPlan } from '../simulation/plan.ts'
import { truthOf } from './fault-truths.ts'
import type { Evidence } from './fault-truths.ts'
import { logsOf, STACKS, WAYS } from './logs-of.ts'
import type { Collecting, Stack } from './logs-of.ts'
import { WRAPPERS } from '../wrappers/wrapper-kinds.ts'
import type { CheckRow, Junk, Scenario, Truth } from './scenario.ts'

export interface Recipe {
  readonly name: string
  readonly group: string
  readonly stack: keyof typeof STACKS
  /** Which way of collecting, which clocks: counts up from scenario to scenario. */
  readonly turn: number
  readonly faults?: readonly Fault[]
  /** Whose logs were collected; all of them unless told. */
  readonly logs?: readonly string[]
  readonly way?: Collecting
  readonly tasks?: readonly TaskPlan[]
  readonly minutes?: number
  /** Beginning of the window, ms since the epoch. */
  readonly start?: number
  readonly portProbes?: boolean
  readonly starts?: boolean
  /** Clocks that are right to a few seconds, not up to a minute off; so unless something is wrong. */
  readonly steady?: boolean
  readonly junk?: readonly Junk[]
  readonly expected?: readonly string[]
  /** Clients instead of those of the stack. */
  readonly clients?: 'python' | 'warren'
  /** Replaces what follows from the faults. */
  readonly truth?: Partial<Truth>
}

const CLIENTS = ['site-a', 'site-b', 'site-c'] as const

/** One relay-side client has no log, as in life; everything else was collected. */
export const ALL_LOGS = ['site-a', 'site-b', 'relay', 'broker', 'load-balancer'] as const

const TASKS: readonly TaskPlan[] = [
  { at: 2.4, kind: 'availability' },
  { at: 6.3, kind: 'availability' },
  { at: 8.2, kind: 'distribution' },
  { at: 12.1, kind: 'availability' },
  { at: 18.6, kind: 'availability' },
  { at: 23.7, kind: 'availability' },
]

/** A scenario with its truth, from what is wrong and what was collected. */
export function build(recipe: Recipe): Scenario {
  const stack: Stack = STACKS[recipe.stack]
  const way = recipe.way ?? WAYS[recipe.turn % WAYS.length] ?? WAYS[0]
  const faults = recipe.faults ?? []
  const clients = recipe.clients ?? stack.clients
  const plan: NetworkPlan = {
    seed: recipe.name,
    start: recipe.start ?? WINDOW_START,
    minutes: recipe.minutes ?? 30,
    clients: CLIENTS.map((name, index) => clientPlan(name, clients, index)),
    relay: stack.relay,
    tasks: recipe.tasks ?? TASKS,
    faults,
    portProbes: recipe.portProbes ?? false,
    starts: recipe.starts ?? false,
  }
  const absent = faults.find(({ name }) => name === 'never-seen')?.of
  const logs = (recipe.logs ?? ALL_LOGS).filter((log) => log !== absent)
  const steady = recipe.steady ?? faults.length === 0
  const truth = truthFor(faults, { logs: new Set(logs), relay: stack.relay }, recipe, steady)
  const collected = { ...stack, clients }
  return {
    name: recipe.name,
    group: recipe.group,
    plan,
    logs: logsOf(plan, logs, { stack: collected, way, turn: recipe.turn, steady }),
    junk: recipe.junk ?? [],
    expected: recipe.expected ?? (absent === undefined ? undefined : CLIENTS),
    labelled: recipe.turn % 3 === 1 || isOutOfTime(stack, way),
    truth: { ...truth, ...recipe.truth },
  }
}

/** Local times, no polls to tell the zone by: nobody could read that without being told. */
function isOutOfTime({ clients, level }: Stack, way: Collecting): boolean {
  const quiet = clients === 'python' && level !== 'debug'
  return quiet && !WRAPPERS[way.clients].stamped && way.zones.clients !== 0
}

/** A log without polls under a name the relay does not know: which of the relay's clients it is, nobody can say. */
function isStranger({ stack, turn, way }: Recipe): boolean {
  return STACKS[stack].level === 'info' && (way ?? WAYS[turn % WAYS.length] ?? WAYS[0]).aliases
}

/** May be told of any session. */
const ALWAYS: readonly Cause[] = ['broker-connection-churn', 'health-probe']

function truthFor(
  faults: readonly Fault[],
  evidence: Evidence,
  recipe: Recipe,
  steady: boolean,
): Truth {
  const truths = faults.map((fault) => truthOf(fault, evidence))
  const findings = truths.flatMap(({ finding }) => (finding === undefined ? [] : [finding]))
  // Clocks that are some seconds off may be told of, whatever else there is.
  const clocks: readonly Cause[] = steady ? [] : ['clock-skew']
  const mayFind = [...ALWAYS, ...clocks, ...truths.flatMap((truth) => truth.mayFind)]
  const notPassed: CheckRow[] = [...new Set(truths.flatMap(({ rows }) => rows))]
  if (faults.length === 0) {
    const proven = isProven(evidence, recipe)
    const works = recipe.tasks?.length === 0 ? 'healthy-idle' : 'serving'
    return {
      findings,
      mayFind,
      notPassed,
      verdicts: proven ? ['healthy'] : ['healthy', 'unknown'],
      falseGreen: [],
      links: evidence.logs.has('relay') && !isStranger(recipe) ? works : undefined,
    }
  }
  // A clock that is wrong stops nothing; only its finding is asked for.
  const harmless = faults.every(({ name }) => name === 'clock-skew')
  const seen = findings.length > 0 && !harmless
  const ongoing = faults.some((fault) => {
    return fault.to === undefined && truthOf(fault, evidence).finding?.state === 'ongoing'
  })
  return {
    findings,
    mayFind,
    notPassed,
    verdicts: ongoing
      ? ['degraded', 'unhealthy']
      : ['recovered', 'degraded', 'unhealthy', 'unknown'],
    links: undefined,
    falseGreen: seen ? (ongoing ? ['healthy', 'recovered'] : ['healthy']) : [],
  }
}

/** Every leg has lines of its own: only the .NET relay tells of database and broker in every poll. */
function isProven({ logs, relay }: Evidence, { stack, starts = false }: Recipe): boolean {
  // A client that writes no polls does not show that they are answered.
  const quiet = stack === 'old-quiet' || stack === 'old-warnings'
  const both = logs.has('relay') && logs.has('site-a') && !quiet
  if (relay === 'dotnet') return both && logs.has('broker')
  // Ours keeps one connection, and has words for it only when it starts or breaks.
  return both && starts
}
