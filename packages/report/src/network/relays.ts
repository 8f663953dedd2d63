import type { RelayFacts } from '../facts/facts.ts'
import { largest, smallest } from '../timeline/extremes.ts'
import { distinctNames } from './program-name.ts'
import type { Relay, ProgramLog } from './network.ts'

/** A relay's log, and the clients it accepted. */
interface AcceptedClients {
  readonly log: ProgramLog<RelayFacts>
  readonly collections: ReadonlySet<string>
  readonly names: ReadonlySet<string>
}

/** Groups logs by relay. A log that matches two groups merges them. */
export function groupRelays(logs: readonly ProgramLog<RelayFacts>[]): Relay[] {
  let grouped: AcceptedClients[][] = []
  for (const one of logs.map(acceptedClients)) {
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

function groupOf(groups: readonly AcceptedClients[][], log: ProgramLog<RelayFacts>): number {
  return groups.findIndex((members) => members.some((member) => member.log === log))
}

/** What can distinguish a program from another with the same name. */
export function qualifiersOf(log: ProgramLog | undefined): (string | undefined)[] {
  if (log === undefined) return []
  const { labels, file } = log.source
  return [labels.cluster, labels.namespace, labels.pod, file.split('/').at(-1), file]
}

/**
 * A collection ID belongs to one relay: two logs that accept the same one are logs of the same relay. Client names do not: two relays
 * may each have a `site-a`, so names count only if nothing contradicts them.
 */
function isSameRelay(a: AcceptedClients, b: AcceptedClients): boolean {
  if (overlap(a.collections, b.collections)) return true
  const [mine, theirs] = [a.log.source.labels, b.log.source.labels]
  if (differ(mine.cluster, theirs.cluster) || differ(mine.namespace, theirs.namespace)) return false
  if (overlap(a.names, b.names)) return true
  // The logs of replicas, one after the other.
  if (a.log.source.file === b.log.source.file && mine.pod === undefined) return true
  // A replica that accepts no client is one of its deployment.
  if (a.names.size === 0 || b.names.size === 0) {
    if (mine.pod !== undefined && theirs.pod !== undefined && a.log.name === b.log.name) return true
  }
  if (mine.cluster === undefined || theirs.cluster === undefined) return false
  return a.log.name === b.log.name || a.names.size === 0 || b.names.size === 0
}

/** Rejected clients do not count: they may use the credentials of another relay. */
function acceptedClients(log: ProgramLog<RelayFacts>): AcceptedClients {
  const clients = log.facts.clients
    .all()
    .filter(({ stats }) => [...stats.totals().statuses.keys()].some((status) => status !== 401))
  return {
    log,
    collections: new Set(clients.flatMap((client) => [...client.collections])),
    names: new Set(clients.flatMap((client) => [...client.names.keys()])),
  }
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return !a.isDisjointFrom(b)
}

function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b
}
