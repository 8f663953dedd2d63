import type { Comparison, Outcome } from '../../src/document/comparison-schema.ts'
import type { Cause } from '../../src/vocabulary/cause.ts'
import { ALL_LOGS, build } from '../scenarios/build.ts'
import type { Recipe } from '../scenarios/build.ts'
import { SCOPE } from '../scenarios/fault-truths.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import type { Fault, FaultName } from '../simulation/faults.ts'
import { RANGE_START } from '../simulation/plan.ts'

/** Two sets of logs of one network, and what became of the failures of the first. */
export interface Pair {
  readonly name: string
  readonly before: Scenario
  readonly after: Scenario
  readonly truth: PairTruth
}

export interface PairTruth {
  /** Causes that the earlier report may name for the fault. */
  readonly causes: readonly Cause[]
  /** Correct outcomes of these failures. */
  readonly outcomes: readonly Outcome[]
  /** Correct answers. */
  readonly answers: readonly Comparison['answer'][]
}

type Stack = 'old' | 'ours'
type Logs = readonly string[]

/** The later logs begin when the earlier ones have ended, as on the day after. */
const DAY = 24 * 60 * 60_000
const RELAY_ONLY: Logs = ['relay', 'broker', 'load-balancer']
const SITE = 'site-a'

interface Variant {
  readonly name: string
  readonly before: Omit<Fault, 'name' | 'of'>
  readonly after: readonly ({ readonly name?: FaultName } & Omit<Fault, 'name'>)[]
  readonly logs?: Logs
  readonly minutes?: number
  readonly outcomes: readonly Outcome[]
  readonly answers: readonly Comparison['answer'][]
}

const ONGOING = { from: 10 }

/** What happens after a fault of one client. */
const OF_CLIENT: readonly Variant[] = [
  { name: 'fixed', before: ONGOING, after: [], outcomes: ['gone'], answers: ['gone'] },
  {
    name: 'not fixed',
    before: ONGOING,
    after: [{ from: 0 }],
    outcomes: ['still-there'],
    answers: ['not-gone'],
  },
  {
    name: 'fixed late',
    before: ONGOING,
    after: [{ from: 0, to: 8 }],
    outcomes: ['gone'],
    answers: ['gone'],
  },
  {
    name: 'back',
    before: { from: 10, to: 16 },
    after: [{ from: 12 }],
    outcomes: ['came-back'],
    answers: ['not-gone'],
  },
  {
    name: 'once, short after',
    before: { from: 10, to: 16 },
    after: [],
    minutes: 9,
    outcomes: ['unknown'],
    answers: ['unknown'],
  },
  {
    name: 'no log of the client',
    before: ONGOING,
    after: [],
    logs: ['site-b', 'broker'],
    outcomes: ['unknown'],
    answers: ['unknown', 'not-gone'],
  },
  {
    name: 'client silent',
    before: ONGOING,
    after: [{ name: 'silent', from: 0.2, of: SITE }],
    outcomes: ['unknown'],
    answers: ['unknown', 'not-gone'],
  },
  {
    name: 'client stops',
    before: ONGOING,
    after: [{ name: 'silent', from: 9, of: SITE }],
    outcomes: ['unknown'],
    answers: ['unknown', 'not-gone'],
  },
  {
    name: 'logs cut',
    before: ONGOING,
    after: [
      { name: 'source-ended-early', from: 5, of: SITE },
      { name: 'silent', from: 5, of: SITE },
    ],
    outcomes: ['unknown'],
    answers: ['unknown', 'not-gone'],
  },
  {
    name: 'another client fails',
    before: ONGOING,
    after: [{ name: 'auth-wrong-password', from: 8, of: 'site-b' }],
    outcomes: ['gone'],
    answers: ['not-gone'],
  },
]

/** What happens after a fault of the whole network. */
const OF_NETWORK: readonly Variant[] = [
  { name: 'fixed', before: ONGOING, after: [], outcomes: ['gone'], answers: ['gone'] },
  {
    name: 'not fixed',
    before: ONGOING,
    after: [{ from: 0 }],
    outcomes: ['still-there'],
    answers: ['not-gone'],
  },
  {
    name: 'back',
    before: { from: 10, to: 16 },
    after: [{ from: 12 }],
    outcomes: ['came-back'],
    answers: ['not-gone'],
  },
]

const CLIENT_FAULTS: readonly FaultName[] = [
  'name-resolution',
  'connection-refused',
  'connect-timeout',
  'tls-expired',
  'auth-wrong-password',
  'auth-wrong-collection',
]
const NETWORK_FAULTS: readonly FaultName[] = [
  'proxy-502',
  'proxy-503',
  'relay-error',
  'slow',
  'database-failing',
]

export function pairs(): Pair[] {
  const all: Pair[] = []
  for (const stack of ['old', 'ours'] as const) {
    for (const fault of CLIENT_FAULTS)
      for (const variant of OF_CLIENT) all.push(pairOf(fault, variant, stack, all.length))
    for (const fault of NETWORK_FAULTS)
      for (const variant of OF_NETWORK) all.push(pairOf(fault, variant, stack, all.length))
    all.push(...comingAndGoing(stack, all.length))
  }
  return all
}

/** A failure that comes and goes is seen in the client's log only. */
function comingAndGoing(stack: Stack, turn: number): Pair[] {
  const before = { from: 5 }
  return [
    pairOf(
      'flapping',
      { name: 'fixed', before, after: [], outcomes: ['gone'], answers: ['gone'] },
      stack,
      turn,
    ),
    pairOf(
      'flapping',
      {
        name: 'not fixed',
        before,
        after: [{ from: 0 }],
        outcomes: ['still-there'],
        answers: ['not-gone'],
      },
      stack,
      turn,
    ),
    pairOf(
      'flapping',
      {
        name: 'seen from the relay',
        before,
        after: [],
        logs: RELAY_ONLY,
        outcomes: ['unknown', 'gone'],
        answers: ['unknown', 'gone'],
      },
      stack,
      turn,
    ),
    pairOf(
      'flapping',
      {
        name: 'short after',
        before,
        after: [],
        minutes: 1,
        outcomes: ['unknown'],
        answers: ['unknown', 'not-gone'],
      },
      stack,
      turn,
    ),
  ]
}

function pairOf(name: FaultName, variant: Variant, stack: Stack, turn: number): Pair {
  const target = SCOPE[name] === 'client' ? { of: SITE } : {}
  const title = `${name}: ${variant.name} (${stack})`
  const recipe = (suffix: string, start: number, faults: readonly Fault[]): Recipe => ({
    name: `${title}, ${suffix}`,
    group: name,
    stack,
    // Both sets are collected the same way.
    turn,
    start,
    faults,
    accurateClocks: true,
    tasks: [],
  })
  const before = build(recipe('before', RANGE_START, [{ ...variant.before, name, ...target }]))
  const after = build({
    ...recipe(
      'after',
      RANGE_START + DAY,
      variant.after.map((fault) => ({ name, ...target, ...fault })),
    ),
    logs: variant.logs ?? ALL_LOGS,
    minutes: variant.minutes ?? 30,
  })
  const [expected] = before.truth.findings
  return {
    name: title,
    before,
    after,
    truth: {
      causes: expected?.causes ?? [],
      outcomes: variant.outcomes,
      answers: variant.answers,
    },
  }
}
