import type { BalancerFacts, ClientFacts, HubClient, HubFacts } from '../facts/facts.ts'
import { compareText } from '../read/input-files.ts'
import { SECOND } from '../read/timestamps.ts'
import { placeAccounts } from '../timeline/placed-account.ts'
import type { AccountPart } from '../timeline/placed-account.ts'
import { commonSignal } from '../timeline/placement.ts'
import { assignClientLogs } from './client-logs.ts'
import type { LinkDraft } from './client-logs.ts'
import type { Hub, PollLink, ServiceClock, Told } from './network.ts'
import { matchSignals } from './poll-match.ts'
import type { PollMatch } from './poll-match.ts'

/** Who polls whom: the clients a hub saw, with their own logs; without a hub's log those a balancer saw. */
export function linkDrafts(
  hubs: readonly Hub[],
  clients: readonly Told<ClientFacts>[],
  balancers: readonly Told<BalancerFacts>[],
): LinkDraft[] {
  const known = hubs.flatMap((hub) =>
    draftsOf(hub.told).map(({ name, seen }) => ({
      name,
      hub,
      logs: [],
      hubClients: seen,
      passed: passedFor(seen, balancers),
    })),
  )
  const others = draftsOf(balancers)
    .filter(({ seen }) => isOfAnotherHub(seen, known, hubs))
    .map(({ name, seen }) => ({ name, hub: undefined, logs: [], hubClients: [], passed: seen }))
  const drafts: LinkDraft[] = [...known, ...others]
  assignClientLogs(clients, drafts, hubs)
  return drafts
}

/** Answered requests that a hub would have told of as well; fewer may be missing by chance. */
const ENOUGH_REQUESTS = 8

/** A balancer passed on what was answered, while all hubs that tell of their clients tell nothing of this one. */
function isOfAnotherHub(
  seen: readonly Seen<BalancerFacts>[],
  known: readonly LinkDraft[],
  hubs: readonly Hub[],
): boolean {
  if (hubs.length === 0) return true
  if (hubs.some((hub) => !known.some((draft) => draft.hub === hub))) return false
  // A client whose collection no line told, as in summaries, may be this one.
  if (
    known.some(({ hubClients }) => hubClients.every(({ client }) => client.collections.size === 0))
  )
    return false
  const clients = new Set(known.flatMap(({ passed }) => passed.map(({ client }) => client)))
  return seen.every(
    ({ client, told: { shift } }) =>
      !clients.has(client) &&
      client.account.ok >= ENOUGH_REQUESTS &&
      hubs.some(
        ({ first, last }) =>
          client.account.first + shift < last && client.account.lastOk + shift > first,
      ),
  )
}

interface Seen<F extends HubFacts | BalancerFacts> {
  readonly client: HubClient
  readonly told: Told<F>
}

/** One draft a client: what several logs say of one collection is about one client, and so is what has one name. */
function draftsOf<F extends HubFacts | BalancerFacts>(
  told: readonly Told<F>[],
): { name: string; seen: Seen<F>[] }[] {
  const groups = new Set<Seen<F>[]>()
  const byId = new Map<string, Seen<F>[]>()
  for (const one of told) {
    for (const client of one.facts.clients.all()) {
      if (Number.isNaN(client.account.first) && client.account.problems.size === 0) continue
      const ids = [client.key.toLowerCase(), ...client.collections]
      const group = ids.map((id) => byId.get(id)).find((known) => known !== undefined) ?? []
      group.push({ client, told: one })
      groups.add(group)
      for (const id of ids) byId.set(id, group)
    }
  }
  let unnamed = 0
  const drafts = new Map<string, { name: string; seen: Seen<F>[] }>()
  for (const group of groups) {
    const name = bestName(group.map(({ client }) => client)) ?? `unnamed client ${++unnamed}`
    const draft = drafts.get(name) ?? { name, seen: [] }
    drafts.set(name, draft)
    draft.seen.push(...group)
  }
  return [...drafts.values()]
}

/** The name that stood beside a client most often; none where two did about as often: they may be each other's. */
function bestName(clients: readonly HubClient[]): string | undefined {
  const votes = new Map<string, number>()
  for (const [name, n] of clients.flatMap(({ names }) => [...names]))
    votes.set(name, (votes.get(name) ?? 0) + n)
  const [first, second] = [...votes].toSorted((a, b) => b[1] - a[1] || compareText(a[0], b[0]))
  if (first === undefined || (second !== undefined && first[1] < 2 * second[1])) return undefined
  return first[0]
}

/** What balancers passed on for the same collections. */
function passedFor(
  seen: readonly Seen<HubFacts>[],
  balancers: readonly Told<BalancerFacts>[],
): Seen<BalancerFacts>[] {
  const collections = new Set(seen.flatMap(({ client }) => [...client.collections]))
  return balancers.flatMap((told) =>
    told.facts.clients
      .all()
      .filter((client) => !client.collections.isDisjointFrom(collections))
      .map((client) => ({ client, told })),
  )
}

/**
 * The hub's clock is the one that counts: who is ahead of it is put back, where that is known beyond doubt. Gives for balancers
 * and brokers how they compare.
 */
export function setClocks(
  drafts: readonly LinkDraft[],
  hubs: readonly Hub[],
  services: readonly Told[],
): Map<Told, ServiceClock> {
  for (const { told, match } of drafts.flatMap(({ logs }) => logs)) {
    if (match !== undefined && !match.ambiguous) alignClock(told, match)
  }
  const clocks = new Map<Told, ServiceClock>()
  for (const service of services) {
    const [best] = hubs
      .flatMap((hub) => hub.told.flatMap((told) => serviceClock(service, hub, told) ?? []))
      .toSorted((a, b) => b.match.matched - a.match.matched)
    if (best === undefined) continue
    clocks.set(service, best)
    alignClock(service, best.match)
  }
  return clocks
}

function alignClock(told: Told, { skewMs }: PollMatch): void {
  told.shift -= skewMs
  told.aligned = true
}

function serviceClock(service: Told, hub: Hub, told: Told<HubFacts>): ServiceClock | undefined {
  const mine = commonSignal(service.facts, told.facts)
  const theirs = commonSignal(told.facts, service.facts)
  if (mine === undefined || theirs === undefined) return undefined
  const rhythm = (told.source.last - told.source.first) / Math.max(1, theirs.times.length)
  // Between programs of one house the plainest explanation holds: clocks that agree, where that fits as well as any other.
  const match = matchSignals(mine, theirs, service.shift - told.shift, rhythm, 'plainest')
  const doubtful = match === undefined || (match.ambiguous && Math.abs(match.skewMs) > SECOND)
  return doubtful ? undefined : { hub, match }
}

export function finishLink(draft: LinkDraft): PollLink {
  return {
    ...draft,
    client: placeAccounts(
      draft.logs.map(({ told }) => ({
        account: told.facts.link,
        shift: told.shift,
        source: told.source.sourceId,
      })),
      'pods',
    ),
    hubView: placeAccounts(draft.hubClients.map(part)),
    balancer: placeAccounts(draft.passed.map(part)),
    expected: undefined,
  }
}

function part({ client, told }: Seen<HubFacts | BalancerFacts>): AccountPart {
  return { account: client.account, shift: told.shift, source: told.source.sourceId }
}

/** Marks the clients on the operator's list, and adds those of it that nobody saw. */
export function addExpected(
  links: PollLink[],
  expected: readonly string[],
  hub: Hub | undefined,
): void {
  for (const link of links)
    link.expected = expected.some((name) => name.toLowerCase() === link.name.toLowerCase())
  for (const name of expected) {
    if (links.some((link) => link.name.toLowerCase() === name.toLowerCase())) continue
    const draft = { name, hub, logs: [], hubClients: [], passed: [] }
    links.push({ ...finishLink(draft), expected: true })
  }
}
