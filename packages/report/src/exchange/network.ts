import type {
  BalancerFacts,
  BrokerFacts,
  ClientFacts,
  DatabaseFacts,
  Facts,
  HubClient,
  HubFacts,
  UpstreamFacts,
} from '../facts/facts.ts'
import type { LogSource } from '../formats/log-source.ts'
import { compareText } from '../read/input-files.ts'
import { roleOfComponent } from '../read/source-labels.ts'
import type { Placement } from '../timeline/placement.ts'
import { largest, placeAccounts, smallest } from '../timeline/placed-account.ts'
import type { AccountPart, PlacedAccount } from '../timeline/placed-account.ts'
import { matchPolls } from './poll-match.ts'
import type { PollMatch } from './poll-match.ts'

/** Facts of one source with the place of that source. */
export interface Told<F extends Facts = Facts> {
  readonly facts: F
  readonly placement: Placement
  readonly source: LogSource
}

/** A hub: one program, or several replicas of it. */
export interface Hub {
  readonly told: readonly Told<HubFacts>[]
  readonly name: string
  readonly first: number
  readonly last: number
}

/** A client's own log, and how it fits what the hub saw. */
export interface ClientLog {
  readonly told: Told<ClientFacts>
  /** Undefined if its polls could not be found at a hub. */
  readonly match: PollMatch | undefined
}

/** The link of one client to one hub. */
export interface PollLink {
  readonly name: string
  readonly hub: Hub | undefined
  readonly logs: readonly ClientLog[]
  readonly hubClients: readonly { client: HubClient; told: Told<HubFacts> }[]
  readonly client: PlacedAccount | undefined
  readonly hubView: PlacedAccount | undefined
  readonly balancer: PlacedAccount | undefined
  /** The operator's list names it; undefined without a list. */
  expected: boolean | undefined
}

/** Everything that is known, by who it is about; the ground the findings stand on. */
export interface Network {
  readonly told: readonly Told[]
  readonly hubs: readonly Hub[]
  readonly links: readonly PollLink[]
  readonly brokers: readonly Told<BrokerFacts>[]
  readonly balancers: readonly Told<BalancerFacts>[]
  readonly databases: readonly Told<DatabaseFacts>[]
  readonly upstreams: readonly Told<UpstreamFacts>[]
  readonly placements: readonly Placement[]
  readonly from: number
  readonly to: number
}

/** Puts together who is who. `expected`: names of clients the operator listed. */
export function buildNetwork(
  placements: readonly Placement[],
  expected: readonly string[] | undefined,
): Network {
  const told = placements.flatMap((placement) =>
    placement.source.facts.map((facts): Told => ({ facts, placement, source: placement.source })),
  )
  const hubs = groupHubs(told.filter(isRole('hub')))
  const balancers = told.filter(isRole('balancer'))
  const links = pollLinks(hubs, told.filter(isRole('client')), balancers)
  if (expected !== undefined) addExpected(links, expected, hubs[0])
  links.sort((a, b) => compareText(a.name, b.name))
  const spans = placements.filter(({ method }) => method !== 'none')
  const timed = spans.length > 0 ? spans : placements
  return {
    told,
    hubs,
    links,
    brokers: told.filter(isRole('broker')),
    balancers,
    databases: told.filter(isRole('database')),
    upstreams: told.filter(isRole('upstream')),
    placements,
    from: smallest(timed.map(({ source, shift }) => source.first + shift)),
    to: largest(timed.map(({ source, shift }) => source.last + shift)),
  }
}

function isRole<R extends Facts['role']>(role: R) {
  return (one: Told): one is Told<Extract<Facts, { role: R }>> => one.facts.role === role
}

/** Hub logs that share a cluster or clients are replicas of one hub. */
function groupHubs(told: readonly Told<HubFacts>[]): Hub[] {
  const groups: Told<HubFacts>[][] = []
  for (const one of told) {
    const group = groups.find((members) => members.some((member) => sameHub(member, one)))
    if (group === undefined) groups.push([one])
    else group.push(one)
  }
  return groups.map((members) => ({
    told: members,
    name: nameOfProgram(members[0], 'relay'),
    first: smallest(members.map(({ source, placement }) => source.first + placement.shift)),
    last: largest(members.map(({ source, placement }) => source.last + placement.shift)),
  }))
}

function sameHub(a: Told<HubFacts>, b: Told<HubFacts>): boolean {
  const { cluster } = a.source.labels
  if (cluster !== undefined && cluster === b.source.labels.cluster) return true
  const keys = new Set(a.facts.clients.all().map(({ key }) => key))
  return b.facts.clients.all().some(({ key }) => keys.has(key))
}

/** What to call a program: a pod without its random suffix, a cluster, or its file. */
export function nameOfProgram(told: Told | undefined, fallback: string): string {
  if (told === undefined) return fallback
  const { labels, file, hostname } = told.source
  if (labels.client !== undefined) return labels.client
  const pod = labels.pod ?? (hostname === '' ? undefined : hostname)
  if (told.facts.role === 'client' && labels.cluster !== undefined) return labels.cluster
  if (pod !== undefined) return pod.replace(/-[a-f0-9]{6,10}-[a-z0-9]{5}$/, '').replace(/-\d+$/, '')
  if (labels.container !== undefined) return labels.container
  if (file === '-') return fallback
  const base = (file.split('/').at(-1) ?? fallback).replace(
    /\.(log|txt|json|jsonl|csv|gz|out)\b.*$/i,
    '',
  )
  return base === '' || roleOfComponent(base) !== undefined
    ? roleOfComponent(base) === 'client'
      ? fallback
      : base || fallback
    : base
}

interface Draft {
  name: string
  hub: Hub | undefined
  logs: ClientLog[]
  hubClients: { client: HubClient; told: Told<HubFacts> }[]
}

function pollLinks(
  hubs: readonly Hub[],
  clients: readonly Told<ClientFacts>[],
  balancers: readonly Told<BalancerFacts>[],
): PollLink[] {
  const drafts: Draft[] = hubs.flatMap((hub) => hubDrafts(hub))
  for (const told of clients) assignClient(told, drafts, hubs, clients.length)
  adoptStrangers(drafts)
  return drafts.map((draft) => finishLink(draft, balancers, drafts.length === 1))
}

/** One draft per client name; a collection that was never seen with a name gets a number. */
function hubDrafts(hub: Hub): Draft[] {
  const drafts = new Map<string, Draft>()
  let unnamed = 0
  for (const told of hub.told) {
    for (const client of told.facts.clients.all()) {
      if (Number.isNaN(client.account.first) && client.account.problems.size === 0) continue
      const name = bestName(client) ?? `unnamed client ${++unnamed}`
      const draft = drafts.get(name) ?? { name, hub, logs: [], hubClients: [] }
      drafts.set(name, draft)
      draft.hubClients.push({ client, told })
    }
  }
  return [...drafts.values()]
}

/** The name that stood beside a collection most often. */
function bestName(client: HubClient): string | undefined {
  const names = [...client.names].toSorted((a, b) => b[1] - a[1] || compareText(a[0], b[0]))
  return names[0]?.[0]
}

/** Finds the hub's client that a client's own log belongs to: by request ids, by name, by the times of its polls. */
function assignClient(
  told: Told<ClientFacts>,
  drafts: Draft[],
  hubs: readonly Hub[],
  clients: number,
): void {
  const fits = drafts
    .filter(({ hub }) => hub !== undefined)
    .map((draft) => ({
      draft,
      match: bestMatch(told, draft),
      named: namesClient(told, draft.name),
    }))
  const byId = fits
    .filter(({ match }) => match?.by === 'request-id')
    .toSorted((a, b) => okOf(b.draft) - okOf(a.draft))[0]
  const byName = fits.find(({ named }) => named)
  const byTime = fits
    .filter(({ match }) => match !== undefined)
    .toSorted(
      (a, b) =>
        shareOf(b.match) - shareOf(a.match) ||
        Math.abs(a.match?.skewMs ?? 0) - Math.abs(b.match?.skewMs ?? 0),
    )[0]
  const alone = clients === 1 && fits.length === 1 ? fits[0] : undefined
  const found = byId ?? byName ?? byTime ?? alone
  if (found !== undefined) {
    found.draft.logs.push({ told, match: found.match })
    return
  }
  const name = nameOfProgram(told, 'client')
  const same = drafts.find((draft) => draft.hubClients.length === 0 && draft.name === name)
  if (same !== undefined) same.logs.push({ told, match: undefined })
  else
    drafts.push({
      name,
      hub: hubs.length === 1 ? hubs[0] : undefined,
      logs: [{ told, match: undefined }],
      hubClients: [],
    })
}

function okOf({ hubClients }: Draft): number {
  return hubClients.reduce((sum, { client }) => sum + client.account.ok, 0)
}

/** Who came under no name or a wrong one, but with the request ids of a client whose log is there, is that client. */
function adoptStrangers(drafts: Draft[]): void {
  for (const stranger of drafts.filter(
    ({ hubClients, logs }) => logs.length === 0 && hubClients.length > 0,
  )) {
    if (stranger.hubClients.some(({ client }) => client.account.ok > 0)) continue
    const owner = drafts.find(
      (draft) =>
        draft !== stranger &&
        draft.logs.some(({ told }) => bestMatch(told, stranger)?.by === 'request-id'),
    )
    if (owner === undefined) continue
    owner.hubClients.push(...stranger.hubClients)
    drafts.splice(drafts.indexOf(stranger), 1)
  }
}

function shareOf(match: PollMatch | undefined): number {
  return match === undefined || match.comparable === 0 ? 0 : match.matched / match.comparable
}

function bestMatch(told: Told<ClientFacts>, draft: Draft): PollMatch | undefined {
  const matches = draft.hubClients.flatMap(({ client, told: hub }) => {
    const match = matchPolls(
      { facts: told.facts, shift: told.placement.shift },
      { client, shift: hub.placement.shift },
    )
    return match === undefined ? [] : [match]
  })
  return matches.toSorted((a, b) => b.matched - a.matched)[0]
}

/** The labels of a client's log name this client. */
function namesClient(told: Told<ClientFacts>, name: string): boolean {
  const { client, cluster, pod, namespace } = told.source.labels
  const wanted = name.toLowerCase()
  if ([client, cluster, pod, namespace].some((label) => label?.toLowerCase() === wanted))
    return true
  if (wanted.length < 4 || client !== undefined || cluster !== undefined) return false
  const places = [pod, told.source.hostname, told.source.file.split('/').slice(-2).join('/')]
  return places.some((place) => containsName(place?.toLowerCase() ?? '', wanted))
}

/** `site-a` is in `bunny-site-a-7d4f` and in `site-a/bunny.log`, but not in `site-ab`. */
function containsName(text: string, name: string): boolean {
  const at = text.indexOf(name)
  if (at < 0) return false
  return isEdge(text[at - 1]) && isEdge(text[at + name.length])
}

function isEdge(character: string | undefined): boolean {
  return character === undefined || !/[a-z0-9]/.test(character)
}

function finishLink(
  draft: Draft,
  balancers: readonly Told<BalancerFacts>[],
  only: boolean,
): PollLink {
  const clientParts: AccountPart[] = draft.logs.map(({ told, match }) => ({
    account: told.facts.link,
    // The hub's clock is the one that counts: a client that is ahead is put back, where that is known beyond doubt.
    shift: told.placement.shift - (match !== undefined && !match.ambiguous ? match.skewMs : 0),
    source: told.source.sourceId,
  }))
  const hubParts = draft.hubClients.map(({ client, told }) => part(client, told))
  const collections = new Set(draft.hubClients.flatMap(({ client }) => [...client.collections]))
  const balancerParts = balancers.flatMap((told) =>
    told.facts.clients
      .all()
      .filter(
        (client) =>
          (only && draft.hubClients.length === 0) ||
          [...client.collections].some((id) => collections.has(id)),
      )
      .map((client) => part(client, told)),
  )
  return {
    ...draft,
    client: placeAccounts(clientParts),
    hubView: placeAccounts(hubParts),
    balancer: placeAccounts(balancerParts),
    expected: undefined,
  }
}

function part(client: HubClient, told: Told): AccountPart {
  return { account: client.account, shift: told.placement.shift, source: told.source.sourceId }
}

function addExpected(links: PollLink[], expected: readonly string[], hub: Hub | undefined): void {
  for (const link of links)
    link.expected = expected.some((name) => name.toLowerCase() === link.name.toLowerCase())
  for (const name of expected) {
    if (links.some((link) => link.name.toLowerCase() === name.toLowerCase())) continue
    links.push({
      name,
      hub,
      logs: [],
      hubClients: [],
      client: undefined,
      hubView: undefined,
      balancer: undefined,
      expected: true,
    })
  }
}
