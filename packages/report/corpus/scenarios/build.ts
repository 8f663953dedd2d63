import type { Cause } from '../../src/vocabulary/cause.ts'
import type { Fault } from '../simulation/faults.ts'
import { clientPlan, RANGE_START } from '../simulation/plan.ts'
import type { NetworkPlan, TaskPlan } from '../simulation/plan.ts'
import { truthOf } from './fault-truths.ts'
import type { Evidence } from './fault-truths.ts'
import { logsOf, STACKS, LOG_COLLECTIONS } from './logs-of.ts'
import type { LogCollection, Stack } from './logs-of.ts'
import { WRAPPERS } from '../wrappers/wrapper-kinds.ts'
import type { CheckRow, Junk, Scenario, Truth } from './scenario.ts'

export interface Recipe {
  readonly name: string
  readonly group: string
  readonly stack: keyof typeof STACKS
  /** Selects the way of collecting and the clocks; increases from scenario to scenario. */
  readonly turn: number
  readonly faults?: readonly Fault[]
  /** The logs that were collected; default: all. */
  readonly logs?: readonly string[]
  readonly collection?: LogCollection
  readonly tasks?: readonly TaskPlan[]
  readonly minutes?: number
  /** Beginning of the time range, ms since the epoch. */
  readonly start?: number
  readonly portProbes?: boolean
  readonly starts?: boolean
  /** Clocks are accurate to a few seconds instead of a minute; default: only if there is no fault. */
  readonly accurateClocks?: boolean
  readonly junk?: readonly Junk[]
  readonly expected?: readonly string[]
  /** Replaces the clients of the stack. */
  readonly clients?: 'python' | 'warren'
  /** Overrides the truth derived from the faults. */
  readonly truth?: Partial<Truth>
}

const CLIENTS = ['site-a', 'site-b', 'site-c'] as const

/** All logs but that of the third client, as in real networks. */
export const ALL_LOGS = ['site-a', 'site-b', 'relay', 'broker', 'load-balancer'] as const

const TASKS: readonly TaskPlan[] = [
  { at: 2.4, kind: 'availability' },
  { at: 6.3, kind: 'availability' },
  { at: 8.2, kind: 'distribution' },
  { at: 12.1, kind: 'availability' },
  { at: 18.6, kind: 'availability' },
  { at: 23.7, kind: 'availability' },
]

/** Builds a scenario with its truth, from its faults and the collected logs. */
export function build(recipe: Recipe): Scenario {
  const stack: Stack = STACKS[recipe.stack]
  const collection =
    recipe.collection ?? LOG_COLLECTIONS[recipe.turn % LOG_COLLECTIONS.length] ?? LOG_COLLECTIONS[0]
  const faults = recipe.faults ?? []
  const clients = recipe.clients ?? stack.clients
  const plan: NetworkPlan = {
    seed: recipe.name,
    start: recipe.start ?? RANGE_START,
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
  const accurateClocks = recipe.accurateClocks ?? faults.length === 0
  const truth = truthFor(
    faults,
    { logs: new Set(logs), relay: stack.relay },
    recipe,
    accurateClocks,
  )
  const collected = { ...stack, clients }
  return {
    name: recipe.name,
    group: recipe.group,
    plan,
    logs: logsOf(plan, logs, { stack: collected, collection, turn: recipe.turn, accurateClocks }),
    junk: recipe.junk ?? [],
    expected: recipe.expected ?? (absent === undefined ? undefined : CLIENTS),
    labelled: recipe.turn % 3 === 1 || needsTimeZone(stack, collection),
    truth: { ...truth, ...recipe.truth },
  }
}

/** Without polls, the time zone cannot be derived, so the operator must state it. */
function needsTimeZone({ clients, level }: Stack, collection: LogCollection): boolean {
  const quiet = clients === 'python' && level !== 'debug'
  return quiet && !WRAPPERS[collection.clients].stamped && collection.zones.clients !== 0
}

/** A log without polls, under a name that the relay does not know, cannot be matched to a client of the relay. */
function isUnidentifiable({ stack, turn, collection }: Recipe): boolean {
  return (
    STACKS[stack].level === 'info' &&
    (collection ?? LOG_COLLECTIONS[turn % LOG_COLLECTIONS.length] ?? LOG_COLLECTIONS[0]).aliases
  )
}

/** Allowed in every report. */
const ALWAYS: readonly Cause[] = ['broker-connection-churn', 'health-probe']

function truthFor(
  faults: readonly Fault[],
  evidence: Evidence,
  recipe: Recipe,
  accurateClocks: boolean,
): Truth {
  const truths = faults.map((fault) => truthOf(fault, evidence))
  const findings = truths.flatMap(({ finding }) => (finding === undefined ? [] : [finding]))
  // Clocks that are some seconds off may be reported in any scenario.
  const clocks: readonly Cause[] = accurateClocks ? [] : ['clock-skew']
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
      links: evidence.logs.has('relay') && !isUnidentifiable(recipe) ? works : undefined,
    }
  }
  // A wrong clock breaks nothing; only its own finding is expected.
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

/** Every link has log lines as evidence: only the .NET relay logs its database and broker for every poll. */
function isProven({ logs, relay }: Evidence, { stack, starts = false }: Recipe): boolean {
  // A client that does not log polls does not prove that they succeed.
  const quiet = stack === 'old-quiet' || stack === 'old-warnings'
  const both = logs.has('relay') && logs.has('site-a') && !quiet
  if (relay === 'dotnet') return both && logs.has('broker')
  // Warren's relay keeps one connection, and logs it only when it opens or fails.
  return both && starts
}
