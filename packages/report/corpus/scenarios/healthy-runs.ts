import { WINDOW_START } from '../simulation/plan.ts'
import { MINUTE } from '../simulation/world.ts'
import { ALL_LOGS, build } from './build.ts'
import type { Recipe } from './build.ts'
import { WAYS } from './logs-of.ts'
import type { Junk, Scenario } from './scenario.ts'

const STACK_TURNS: readonly Recipe['stack'][] = [
  'old',
  'ours',
  'new-relay',
  'summaries',
  'old',
  'new-clients',
  'our-text',
  'old-quiet',
]
const TASK_TURNS: readonly Recipe['tasks'][] = [undefined, [], [{ at: 4.4, kind: 'availability' }]]
const JUNK_TURNS: readonly (readonly Junk[])[] = [
  ['empty lines'],
  ['foreign lines'],
  ['empty lines', 'binary'],
  ['cut lines'],
  [],
]
const RUNS = 24
const OFF_CLOCK_RUNS = 8

/** Nothing is wrong: busy and idle, long running and just started, however it was collected. */
export function healthyRuns(): Scenario[] {
  return Array.from({ length: RUNS }, (_, turn) => build(recipeOf(turn, 'healthy')))
}

/** Nothing is wrong but clocks, which are up to a minute off: nothing else may be made of that. */
export function offClockRuns(): Scenario[] {
  return Array.from({ length: OFF_CLOCK_RUNS }, (_, turn) =>
    build({
      ...recipeOf(turn, 'healthy, clocks off'),
      steady: false,
      truth: { verdicts: ['healthy', 'degraded', 'unknown'] },
    }),
  )
}

/** Nothing is wrong, but the logs are full of what looks like it. */
export function noisyRuns(): Scenario[] {
  return Array.from({ length: RUNS }, (_, turn) =>
    build({
      ...recipeOf(turn, 'healthy with noise'),
      junk: JUNK_TURNS[turn % JUNK_TURNS.length] ?? [],
      portProbes: turn % 2 === 0,
    }),
  )
}

/** Every fifteen seconds, more or less: people ask at no fixed rhythm. */
const CROWD = Array.from(
  { length: 112 },
  (_, n) => ({ at: 0.6 + n / 4 + ((n * 7) % 11) / 66, kind: 'availability' }) as const,
)

/** So many tasks that a held poll ends with one more often than without. */
export function crowdedRuns(): Scenario[] {
  return (['ours', 'our-text', 'new-relay', 'new-clients', 'summaries', 'old'] as const).map(
    (stack, turn) =>
      build({
        name: `healthy, many tasks: ${stack}`,
        group: 'healthy, many tasks',
        stack,
        turn,
        tasks: CROWD,
      }),
  )
}

function recipeOf(turn: number, group: string): Recipe {
  const stack = STACK_TURNS[turn % STACK_TURNS.length] ?? 'old'
  const tasks = TASK_TURNS[turn % TASK_TURNS.length]
  const work = tasks === undefined ? 'busy' : tasks.length === 0 ? 'idle' : 'one task'
  return {
    name: `${group} ${turn + 1}: ${stack}, ${work}`,
    group,
    stack,
    // Not in step with the stacks, so that in the long run all meet all.
    turn: turn * 5 + 1,
    starts: turn % 4 === 3,
    ...(tasks === undefined ? {} : { tasks }),
    ...(turn % 5 === 4 ? { logs: ALL_LOGS.filter((log) => log !== 'load-balancer') } : {}),
  }
}

/** Nothing is wrong, but a new day begins, which a time of day alone does not tell. */
export function midnightRuns(): Scenario[] {
  return (['old', 'our-text', 'old', 'ours'] as const).map((stack, turn) => {
    const way = WAYS[MIDNIGHT_WAYS[turn] ?? 0] ?? WAYS[0]
    // 23:45 where the relay is.
    const start = WINDOW_START + (17 * 60 + 15 - way.zones.relay) * MINUTE
    const name = `healthy over midnight ${turn + 1}: ${stack}`
    return build({ name, group: 'healthy over midnight', stack, turn, way, start })
  })
}

/** Raw, stern, raw with zones, CRI. */
const MIDNIGHT_WAYS = [1, 2, 6, 3]

/** A connection to the broker for every poll: it works, and has to be told all the same. */
export function churningRuns(): Scenario[] {
  return (['old', 'new-clients'] as const).map((stack, turn) =>
    build({
      name: `broker-connection-churn (${stack})`,
      group: 'broker-connection-churn',
      stack,
      turn,
      truth: {
        findings: [
          {
            causes: ['broker-connection-churn'],
            on: undefined,
            parties: ['hub', 'operator', 'none'],
            severity: 'info',
            state: 'any',
          },
        ],
      },
    }),
  )
}

/** Nothing is wrong with what is there, but a leg has no evidence: nobody may call that healthy. */
export function missingSources(): Scenario[] {
  const cases: readonly { readonly lacks: string; readonly logs: readonly string[] }[] = [
    { lacks: 'broker', logs: ['site-a', 'site-b', 'relay'] },
    { lacks: 'relay', logs: ['site-a', 'site-b', 'broker'] },
    { lacks: 'every client', logs: ['relay', 'broker'] },
    { lacks: 'all but a client', logs: ['site-a'] },
    { lacks: 'all but the broker', logs: ['broker'] },
    { lacks: 'all but the balancer', logs: ['load-balancer'] },
  ]
  const truth = {
    verdicts: ['unknown', 'degraded'],
    falseGreen: ['healthy', 'recovered'],
    links: undefined,
  } as const
  const group = 'missing source'
  return [
    ...cases.map(({ lacks, logs }, turn) =>
      build({ name: `healthy, but no log of ${lacks}`, group, stack: 'old', turn, logs, truth }),
    ),
    build({
      name: 'healthy, but all write only warnings',
      group,
      stack: 'old-warnings',
      turn: 0,
      tasks: [],
      truth,
    }),
  ]
}

/** Our relay asks its database and its broker, and says once a minute what became of it: nobody else has to. */
export function idleWithoutServiceLogs(): Scenario[] {
  const group = 'idle, no log of broker'
  const logs = ['site-a', 'site-b', 'relay']
  const idle = { group, logs, tasks: [] }
  return (['summaries', 'our-text'] as const).flatMap((stack, index) => {
    const turn = index * 5 + 1
    return [
      build({ ...idle, name: `${group}: ${stack}`, stack, turn, truth: { verdicts: ['healthy'] } }),
      ...(
        ['broker-refused', 'broker-auth-failed', 'database-failing', 'database-slow'] as const
      ).map((name) =>
        build({
          ...idle,
          name: `${group}: ${stack}, ${name}`,
          stack,
          turn,
          faults: [{ name, from: 14 }],
        }),
      ),
    ]
  })
}
