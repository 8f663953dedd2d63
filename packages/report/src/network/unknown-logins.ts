import type { Cause } from '../vocabulary/cause.ts'
import type { LinkCandidate } from './client-logs.ts'
import type { UnknownLogins } from './network.ts'

/** A client with wrong settings has polled more often than this after a minute. */
const MAX_TRIES = 5
const REJECTED: ReadonlySet<Cause> = new Set([
  'auth-unknown-user',
  'auth-refused',
  'auth-no-credentials',
])

/** Takes out of the candidates those that do not belong to the network: a scan, or a person who tries names. */
export function takeUnknownLogins(
  candidates: LinkCandidate[],
  expected: readonly string[],
): UnknownLogins[] {
  const wanted = new Set(expected.map((name) => name.toLowerCase()))
  const unknown = candidates.filter((one) => isUnknown(one) && !wanted.has(one.name.toLowerCase()))
  const byRelay = Map.groupBy(unknown, ({ relay }) => relay)
  for (const one of unknown) candidates.splice(candidates.indexOf(one), 1)
  return [...byRelay].flatMap(([relay, own]) =>
    relay === undefined
      ? []
      : [{ relay, clients: own.flatMap(({ relayClients }) => relayClients) }],
  )
}

function isUnknown({ relayClients, loadBalancerClients }: LinkCandidate): boolean {
  const stats = relayClients.map(({ client }) => client.stats)
  const tries = stats.reduce((sum, one) => sum + one.totals().exchanges, 0)
  return (
    stats.length > 0 &&
    tries <= MAX_TRIES &&
    loadBalancerClients.every(({ client }) => client.stats.ok === 0) &&
    stats.every(
      ({ ok, problems }) => ok === 0 && [...problems.keys()].every((cause) => REJECTED.has(cause)),
    )
  )
}
