import { FAULTS } from '../simulation/faults.ts'
import type { Fault, FaultName } from '../simulation/faults.ts'
import { ALL_LOGS, build } from './build.ts'
import type { Recipe } from './build.ts'
import { SCOPE } from './fault-truths.ts'
import type { Scenario } from './scenario.ts'

type StackName = Recipe['stack']

/** Beginning and end of a fault, minutes. */
const RECOVERED = { from: 10, to: 16 } as const
const ONGOING = { from: 17 } as const

/** Faults that make sense only over the whole time range. */
const WHOLE: ReadonlySet<FaultName> = new Set<FaultName>([
  'never-seen',
  'clock-skew',
  'upstream-suspension',
])

/** Every cause alone, in every stack in which it can happen, once recovered and once ongoing. */
export function singleFaults(): Scenario[] {
  const scenarios: Scenario[] = []
  for (const name of faultNames()) {
    for (const stack of stacksOf(name)) {
      for (const fault of periodsOf(name)) {
        const recipe = {
          name: `${name} ${endingOf(fault)} (${stack})`,
          group: name,
          stack,
          turn: scenarios.length,
          faults: [{ ...fault, ...targetOf(name, scenarios.length) }],
          logs: logsFor(name),
        }
        scenarios.push(build({ ...recipe, ...durationOf(name), ...clientsOf(name, stack) }))
      }
    }
  }
  return scenarios
}

/** The same causes with fewer logs: only the relay's, or only a client's. */
export function oneSidedFaults(): Scenario[] {
  const scenarios: Scenario[] = []
  const add = (name: FaultName, side: 'relay' | 'client', stack: StackName): void => {
    const turn = scenarios.length
    for (const fault of periodsOf(name)) {
      // Without lines about successes, a recovery cannot be seen.
      if (stack === 'old-warnings' && fault.to !== undefined) continue
      const target = SCOPE[name] === 'client' ? { of: side === 'relay' ? 'site-b' : 'site-a' } : {}
      scenarios.push(
        build({
          name: `${name} ${endingOf(fault)}, seen from the ${side} (${stack})`,
          group: name,
          stack,
          turn,
          faults: [{ ...fault, ...target }],
          logs: side === 'relay' ? ['relay', 'broker'] : ['site-a'],
          ...clientsOf(name, stack),
        }),
      )
    }
  }
  for (const [index, name] of RELAY_SIDE.entries())
    add(name, 'relay', index % 2 === 0 ? 'old' : 'ours')
  for (const name of WARNINGS) add(name, 'relay', 'old-warnings')
  for (const [index, name] of CLIENT_SIDE.entries()) {
    add(name, 'client', index % 2 === 0 ? 'ours' : 'old')
  }
  return scenarios
}

const RELAY_SIDE: readonly FaultName[] = [
  'auth-unknown-user',
  'auth-wrong-password',
  'auth-wrong-collection',
  'auth-no-credentials',
  'silent',
  'name-resolution',
  'slow',
  'relay-error',
  'two-instances',
  'hammering',
  'task-not-answered',
  'database-failing',
]
/** Faults that are visible in a relay log at level warn, the default of the .NET relay. */
const WARNINGS: readonly FaultName[] = [
  'auth-unknown-user',
  'auth-wrong-password',
  'auth-wrong-collection',
  'relay-error',
  'submission-failing',
  'database-failing',
  'broker-refused',
]
const CLIENT_SIDE: readonly FaultName[] = [
  'name-resolution',
  'connection-refused',
  'connect-timeout',
  'tls-expired',
  'tls-untrusted',
  'tls-wrong-name',
  'proxy-502',
  'proxy-503',
  'proxy-504',
  'relay-error',
  'relay-stalled',
  'auth-wrong-password',
]

export function faultNames(): FaultName[] {
  return Object.keys(FAULTS).filter((text): text is FaultName => Object.hasOwn(FAULTS, text))
}

/** Faults that can be distinguished even if the client does not log polls. */
const QUIET: readonly FaultName[] = [
  'auth-wrong-password',
  'name-resolution',
  'tls-expired',
  'proxy-503',
  'relay-error',
  'silent',
  'two-instances',
]

const STACKS_OF: { readonly [N in FaultName]?: readonly StackName[] } = {
  'database-slow': ['old', 'ours', 'new-clients'],
  // Warren's bunny polls at most once per second.
  hammering: ['old', 'new-relay'],
  'task-not-answered': ['old', 'ours', 'new-relay'],
}

function stacksOf(name: FaultName): readonly StackName[] {
  const quiet: readonly StackName[] = QUIET.includes(name) ? ['old-quiet'] : []
  return STACKS_OF[name] ?? ['old', 'ours', ...quiet]
}

function periodsOf(name: FaultName): Pick<Fault, 'name' | 'from' | 'to'>[] {
  if (name === 'upstream-suspension') return [{ name, from: 6 }]
  if (WHOLE.has(name)) return [{ name, from: 0 }]
  if (name === 'two-instances')
    return [
      { name, from: 0 },
      { name, from: 12 },
    ]
  if (name === 'source-ended-early')
    return [
      { name, ...ONGOING },
      { name, from: 9 },
    ]
  if (name === 'log-gap')
    return [
      { name, ...RECOVERED },
      { name, from: 20, to: 24 },
    ]
  return [
    { name, ...RECOVERED },
    { name, ...ONGOING },
  ]
}

function endingOf({ from, to }: Pick<Fault, 'from' | 'to'>): string {
  if (from === 0 && to === undefined) return 'throughout'
  return to === undefined ? `from minute ${from}` : `minute ${from} to ${to}`
}

/** Faults of clients affect one client, usually one with a log; lost lines are those of a client or of the relay. */
function targetOf(name: FaultName, turn: number): Pick<Fault, 'of'> {
  if (SCOPE[name] === 'log') return { of: turn % 2 === 0 ? 'relay' : 'site-a' }
  if (name === 'never-seen') return { of: 'site-c' }
  if (SCOPE[name] === 'client') return { of: 'site-a' }
  return {}
}

function logsFor(name: FaultName): readonly string[] {
  return name === 'two-instances' ? ['site-a/2', ...ALL_LOGS] : ALL_LOGS
}

function durationOf(name: FaultName): Partial<Recipe> {
  return name === 'upstream-suspension' ? { minutes: 45 } : {}
}

function clientsOf(name: FaultName, stack: StackName): Partial<Recipe> {
  return name === 'hammering' && stack === 'ours' ? { clients: 'python' } : {}
}
