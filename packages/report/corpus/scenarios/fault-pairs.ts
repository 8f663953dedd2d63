import type { Fault, FaultName } from '../simulation/faults.ts'
import { build } from './build.ts'
import type { Recipe } from './build.ts'
import { SCOPE } from './fault-truths.ts'
import type { Scenario } from './scenario.ts'
import { faultNames } from './single-faults.ts'

/** Faults of one family look alike or mask each other. Each cause is combined with every family, but not with all of its members. */
const FAMILIES: readonly (readonly FaultName[])[] = [
  [
    'name-resolution',
    'connection-refused',
    'connect-timeout',
    'read-timeout',
    'tls-expired',
    'tls-untrusted',
    'tls-wrong-name',
  ],
  ['auth-unknown-user', 'auth-wrong-password', 'auth-wrong-collection', 'auth-no-credentials'],
  ['silent', 'never-seen', 'flapping'],
  ['two-instances', 'hammering', 'clock-skew'],
  ['proxy-502', 'proxy-503', 'proxy-504', 'relay-error', 'relay-stalled', 'slow'],
  [
    'database-slow',
    'database-failing',
    'broker-refused',
    'broker-auth-failed',
    'broker-heartbeat-lost',
    'broker-resource-alarm',
  ],
  ['upstream-unreachable', 'submission-failing', 'task-not-answered', 'task-answered-late'],
  ['log-gap', 'source-ended-early'],
]

/** Pairs that were missed once, when only the complete list contained them. */
const ALWAYS: ReadonlySet<string> = new Set([
  'auth-wrong-collection + read-timeout',
  'proxy-503 + log-gap',
  'proxy-504 + log-gap',
  'relay-error + broker-refused',
  'slow + database-slow',
])

/**
 * Pairs of causes. Two faults of clients affect different clients and overlap. A fault of the whole network would mask another one,
 * so it ends before the other begins.
 * @param all every pair; otherwise enough pairs to combine every cause with every other family
 */
export function faultPairs(all: boolean): Scenario[] {
  if (all) return pairs(true)
  const selection = pairs(false)
  const chosen = new Set(selection.map(({ name }) => name))
  const others = pairs(true).filter(({ name }) => ALWAYS.has(name) && !chosen.has(name))
  return [...selection, ...others]
}

function pairs(all: boolean): Scenario[] {
  const scenarios: Scenario[] = []
  const met = new Set<string>()
  const seen = new Set<string>()
  for (const first of faultNames()) {
    const own = familyOf(first)
    for (const [index, family] of FAMILIES.entries()) {
      if (own < 0 || (index === own && !all)) continue
      // Starts with another member each time, and with members that have not been combined with this family yet.
      const turned = family.map((_, at) => family[(at + scenarios.length) % family.length] ?? first)
      turned.sort((a, b) => Number(met.has(`${a}/${own}`)) - Number(met.has(`${b}/${own}`)))
      for (const second of turned) {
        const key = [first, second].sort().join(' + ')
        if (first === second || seen.has(key) || !canHappenTogether(first, second)) continue
        if (!all && met.has(`${first}/${index}`)) break
        seen.add(key)
        met.add(`${first}/${index}`)
        met.add(`${second}/${own}`)
        scenarios.push(pair(first, second, scenarios.length))
      }
    }
  }
  return scenarios
}

function familyOf(name: FaultName): number {
  return FAMILIES.findIndex((family) => family.includes(name))
}

/** Excludes pairs in which one fault removes all evidence of the other. */
function canHappenTogether(first: FaultName, second: FaultName): boolean {
  const both = (names: readonly FaultName[]) => names.includes(first) && names.includes(second)
  // One pod cannot be missing twice, and two logs of one pod cannot both be truncated.
  return !both(['log-gap', 'source-ended-early'])
}

function pair(first: FaultName, second: FaultName, turn: number): Scenario {
  const faults = [timedFault(first, 'first', second), timedFault(second, 'second', first)]
  return build({
    name: `${first} + ${second}`,
    group: 'pairs',
    stack: stackFor([first, second], turn),
    turn,
    faults,
    ...(first === 'two-instances' || second === 'two-instances'
      ? { logs: ['site-a', 'site-b', 'relay', 'broker', 'load-balancer'] }
      : {}),
  })
}

/** A slow database is visible with the .NET relay only, and only Python bunnies poll too often. */
function stackFor(names: readonly FaultName[], turn: number): Recipe['stack'] {
  const relay = names.includes('database-slow') ? 'old' : undefined
  const stacks: readonly Recipe['stack'][] = names.includes('hammering')
    ? ['old', 'new-relay']
    : ['old', 'ours', 'old', 'new-relay', 'ours', 'new-clients']
  return relay ?? stacks[turn % stacks.length] ?? 'old'
}

function timedFault(name: FaultName, place: 'first' | 'second', other: FaultName): Fault {
  const of = targetOf(name, place)
  if (name === 'never-seen' || name === 'clock-skew' || name === 'two-instances') {
    return { name, from: 0, ...of }
  }
  if (name === 'source-ended-early') return { name, from: place === 'first' ? 13 : 22, ...of }
  if (name === 'log-gap') return { name, from: 13.5, to: 15.8, ...of }
  const apart = SCOPE[name] === 'network' || SCOPE[other] === 'network'
  if (!apart)
    return place === 'first' ? { name, from: 11, to: 18, ...of } : { name, from: 14, ...of }
  return place === 'first' ? { name, from: 5, to: 11, ...of } : { name, from: 17, ...of }
}

function targetOf(name: FaultName, place: 'first' | 'second'): Pick<Fault, 'of'> {
  // The log of a component with a fault of its own must not be lost.
  if (SCOPE[name] === 'log') return { of: 'load-balancer' }
  if (name === 'never-seen') return { of: 'site-c' }
  return SCOPE[name] === 'client' ? { of: place === 'first' ? 'site-a' : 'site-b' } : {}
}
