import type { HubFacts } from '../facts/facts.ts'
import { largest, smallest } from '../timeline/placed-account.ts'
import { distinctNames } from './program-name.ts'
import type { Hub, Told } from './network.ts'

/** A hub's log and whom it let in. */
interface Known {
  readonly told: Told<HubFacts>
  readonly collections: ReadonlySet<string>
  readonly names: ReadonlySet<string>
}

/** Puts logs of one hub together; a log that fits two groups shows that they are one. */
export function groupHubs(told: readonly Told<HubFacts>[]): Hub[] {
  let grouped: Known[][] = []
  for (const one of told.map(known)) {
    const own = grouped.filter((members) => members.some((member) => isSameHub(member, one)))
    grouped = [...grouped.filter((group) => !own.includes(group)), [...own.flat(), one]]
  }
  const groups = [...Map.groupBy(told, (one) => groupOf(grouped, one)).values()]
  const names = distinctNames(
    groups.map((members) => ({
      name: members[0]?.name ?? 'relay',
      qualifiers: qualifiersOf(members[0]),
    })),
  )
  return groups.map((members, index) => ({
    told: members,
    name: names[index] ?? 'relay',
    first: smallest(members.map(({ source, shift }) => source.first + shift)),
    last: largest(members.map(({ source, shift }) => source.last + shift)),
  }))
}

function groupOf(groups: readonly Known[][], told: Told<HubFacts>): number {
  return groups.findIndex((members) => members.some((member) => member.told === told))
}

/** What may tell a program from another one of its name. */
export function qualifiersOf(told: Told | undefined): (string | undefined)[] {
  if (told === undefined) return []
  const { labels, file } = told.source
  return [labels.cluster, labels.namespace, labels.pod, file.split('/').at(-1), file]
}

/**
 * Collections are given out by one hub: two logs that let somebody in for the same one are of the same hub. Names of clients are
 * not: two hubs may have a `site-a` each, so names count only where nothing speaks against it.
 */
function isSameHub(a: Known, b: Known): boolean {
  if (meet(a.collections, b.collections)) return true
  const [mine, theirs] = [a.told.source.labels, b.told.source.labels]
  if (differ(mine.cluster, theirs.cluster) || differ(mine.namespace, theirs.namespace)) return false
  if (meet(a.names, b.names)) return true
  if (mine.cluster === undefined || theirs.cluster === undefined) return false
  return a.told.name === b.told.name || a.names.size === 0 || b.names.size === 0
}

/** Who is only ever turned away may have come with what another hub gave him. */
function known(told: Told<HubFacts>): Known {
  const clients = told.facts.clients
    .all()
    .filter(({ account }) => [...account.totals().statuses.keys()].some((status) => status !== 401))
  return {
    told,
    collections: new Set(clients.flatMap((client) => [...client.collections])),
    names: new Set(clients.flatMap((client) => [...client.names.keys()])),
  }
}

function meet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return !a.isDisjointFrom(b)
}

function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b
}
