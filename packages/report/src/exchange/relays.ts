import type { RelayFacts } from '../facts/facts.ts'
import { largest, smallest } from '../timeline/side-view.ts'
import { distinctNames } from './program-name.ts'
import type { Relay, ProgramLog } from './network.ts'

/** A relay's log and whom it let in. */
interface Known {
  readonly log: ProgramLog<RelayFacts>
  readonly collections: ReadonlySet<string>
  readonly names: ReadonlySet<string>
}

/** Puts logs of one relay together; a log that fits two groups shows that they are one. */
export function groupRelays(logs: readonly ProgramLog<RelayFacts>[]): Relay[] {
  let grouped: Known[][] = []
  for (const one of logs.map(known)) {
    const own = grouped.filter((members) => members.some((member) => isSameRelay(member, one)))
    grouped = [...grouped.filter((group) => !own.includes(group)), [...own.flat(), one]]
  }
  const groups = [...Map.groupBy(logs, (log) => groupOf(grouped, log)).values()]
  const names = distinctNames(
    groups.map((members) => ({
      name: members[0]?.name ?? 'relay',
      qualifiers: qualifiersOf(members[0]),
    })),
  )
  return groups.map((members, index) => ({
    logs: members,
    name: names[index] ?? 'relay',
    first: smallest(members.map(({ source, shift }) => source.first + shift)),
    last: largest(members.map(({ source, shift }) => source.last + shift)),
  }))
}

function groupOf(groups: readonly Known[][], log: ProgramLog<RelayFacts>): number {
  return groups.findIndex((members) => members.some((member) => member.log === log))
}

/** What may tell a program from another one of its name. */
export function qualifiersOf(log: ProgramLog | undefined): (string | undefined)[] {
  if (log === undefined) return []
  const { labels, file } = log.source
  return [labels.cluster, labels.namespace, labels.pod, file.split('/').at(-1), file]
}

/**
 * Collections are given out by one relay: two logs that let somebody in for the same one are of the same relay. Names of clients are
 * not: two relays may have a `site-a` each, so names count only where nothing speaks against it.
 */
function isSameRelay(a: Known, b: Known): boolean {
  if (meet(a.collections, b.collections)) return true
  const [mine, theirs] = [a.log.source.labels, b.log.source.labels]
  if (differ(mine.cluster, theirs.cluster) || differ(mine.namespace, theirs.namespace)) return false
  if (meet(a.names, b.names)) return true
  if (mine.cluster === undefined || theirs.cluster === undefined) return false
  return a.log.name === b.log.name || a.names.size === 0 || b.names.size === 0
}

/** Who is only ever turned away may have come with what another relay gave him. */
function known(log: ProgramLog<RelayFacts>): Known {
  const clients = log.facts.clients
    .all()
    .filter(({ stats }) => [...stats.totals().statuses.keys()].some((status) => status !== 401))
  return {
    log,
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
