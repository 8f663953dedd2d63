import type { ClientFacts, RelayClient } from '../facts/facts.ts'
import type { ProgramLog, Relay } from './network.ts'
import type { PollMatch } from './poll-match.ts'

/** A client's log that may belong to a client of a relay. */
interface PossibleClient {
  readonly log: ProgramLog<ClientFacts>
  readonly candidate: {
    readonly relay: Relay | undefined
    readonly loadBalancerClients: readonly { readonly client: RelayClient }[]
  }
  readonly match: PollMatch | undefined
  readonly named: boolean
}

/** The addresses by which clients reach each relay. Another host, port or path is another relay. */
export class RelayHosts {
  readonly #byRelay = new Map<Relay, ReadonlySet<string>>()

  constructor(fits: readonly PossibleClient[]) {
    const byRelay = Map.groupBy(fits, ({ candidate }) => candidate.relay)
    for (const [relay, own] of byRelay) {
      if (relay === undefined) continue
      const proven = new Set([...hostsOf(own.filter(isProven)), ...forwarded(own)])
      this.#byRelay.set(relay, proven.size > 0 ? proven : mostFrequent(own))
    }
  }

  /** The client uses a host that is not one of the relay's. False if either is unknown. */
  differ({ facts }: ProgramLog<ClientFacts>, relay: Relay): boolean {
    const known = this.#byRelay.get(relay)
    const { host } = facts
    return host !== '' && known !== undefined && known.size > 0 && !known.has(host)
  }
}

/** Its polls are in the relay's log, with their IDs or with the name of the client. */
function isProven({ match, named }: PossibleClient): boolean {
  return match !== undefined && (match.by === 'request-id' || named)
}

function hostsOf(fits: readonly PossibleClient[]): Set<string> {
  const hosts = fits.map(({ log }) => log.facts.host)
  return new Set(hosts.filter((host) => host !== ''))
}

/** The host of most of the logs whose polls match by time; none if two are equally frequent. */
function mostFrequent(fits: readonly PossibleClient[]): Set<string> {
  const logs = new Set(fits.filter(({ match }) => match !== undefined).map(({ log }) => log))
  const byHost = Map.groupBy(
    [...logs].filter(({ facts }) => facts.host !== ''),
    ({ facts }) => facts.host,
  )
  const [first, second] = [...byHost].toSorted((a, b) => b[1].length - a[1].length)
  if (first === undefined || first[1].length === second?.[1].length) return new Set()
  return new Set([first[0]])
}

/** Addresses at which a load balancer in front of the relay was asked for it. */
function forwarded(fits: readonly PossibleClient[]): Set<string> {
  const clients = fits.flatMap(({ candidate }) => candidate.loadBalancerClients)
  return new Set(clients.map(({ client }) => client.address).filter((address) => address !== ''))
}
