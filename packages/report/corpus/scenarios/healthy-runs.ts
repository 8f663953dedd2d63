import { RANGE_START } from '../simulation/plan.ts'
import { MINUTE } from '../simulation/world.ts'
import { ALL_LOGS, build } from './build.ts'
import type { Recipe } from './build.ts'
import { LOG_COLLECTIONS } from './logs-of.ts'
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

/** Healthy: busy and idle, long running and just started, however the logs were collected. */
export function healthyRuns(): Scenario[] {
  return Array.from({ length: RUNS }, (_, turn) => build(recipeOf(turn, 'healthy')))
}

/** Healthy but for clocks that are up to a minute off: the report must not conclude anything else from them. */
export function offClockRuns(): Scenario[] {
  return Array.from({ length: OFF_CLOCK_RUNS }, (_, turn) =>
    build({
      ...recipeOf(turn, 'healthy, clocks off'),
      accurateClocks: false,
      truth: { verdicts: ['healthy', 'degraded', 'unknown'] },
    }),
  )
}

/** Healthy, but with junk in the logs that looks like faults. */
export function noisyRuns(): Scenario[] {
  return Array.from({ length: RUNS }, (_, turn) =>
    build({
      ...recipeOf(turn, 'healthy with noise'),
      junk: JUNK_TURNS[turn % JUNK_TURNS.length] ?? [],
      portProbes: turn % 2 === 0,
    }),
  )
}

/** About every fifteen seconds, at irregular intervals, as people ask. */
const CROWD = Array.from(
  { length: 112 },
  (_, n) => ({ at: 0.6 + n / 4 + ((n * 7) % 11) / 66, kind: 'availability' }) as const,
)

/** So many tasks that held polls end with a task more often than without. */
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
    // A different step than that of the stacks, so that all combinations occur.
    turn: turn * 5 + 1,
    starts: turn % 4 === 3,
    ...(tasks === undefined ? {} : { tasks }),
    ...(turn % 5 === 4 ? { logs: ALL_LOGS.filter((log) => log !== 'load-balancer') } : {}),
  }
}

/** Healthy, but the date changes, which a time of day does not show. */
export function midnightRuns(): Scenario[] {
  return (['old', 'our-text', 'old', 'ours'] as const).map((stack, turn) => {
    const collection = LOG_COLLECTIONS[MIDNIGHT_COLLECTIONS[turn] ?? 0] ?? LOG_COLLECTIONS[0]
    // 23:45 local time of the relay.
    const start = RANGE_START + (17 * 60 + 15 - collection.zones.relay) * MINUTE
    const name = `healthy over midnight ${turn + 1}: ${stack}`
    return build({ name, group: 'healthy over midnight', stack, turn, collection, start })
  })
}

/** Raw, stern, raw with time zones, CRI. */
const MIDNIGHT_COLLECTIONS = [1, 2, 6, 3]

/** A broker connection for every poll: it works, but must be reported. */
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

/** What was collected is healthy, but evidence for a link is missing: the report must not call it healthy. */
export function missingSources(): Scenario[] {
  const cases: readonly { readonly missing: string; readonly logs: readonly string[] }[] = [
    { missing: 'broker', logs: ['site-a', 'site-b', 'relay'] },
    { missing: 'relay', logs: ['site-a', 'site-b', 'broker'] },
    { missing: 'every client', logs: ['relay', 'broker'] },
    { missing: 'all but a client', logs: ['site-a'] },
    { missing: 'all but the broker', logs: ['broker'] },
    { missing: 'all but the balancer', logs: ['load-balancer'] },
  ]
  const truth = {
    verdicts: ['unknown', 'degraded'],
    falseGreen: ['healthy', 'recovered'],
    links: undefined,
  } as const
  const group = 'missing source'
  return [
    ...cases.map(({ missing, logs }, turn) =>
      build({ name: `healthy, but no log of ${missing}`, group, stack: 'old', turn, logs, truth }),
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

/** Warren's relay checks its database and broker and logs a summary once a minute, so no other log is needed. */
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
