import type { Network, PollLink } from './network.ts'
import { clientExchanges, relayExchanges, pollPairs, stepOf } from './poll-pairs.ts'
import type { PlacedExchange, PollPair } from './poll-pairs.ts'
import { balancerSteps, isOurs, queueSteps } from './poll-services.ts'
import { notShown, resolutionOf, shown } from './transaction.ts'
import type { RawStep, RawTransaction } from './transaction.ts'
import type { NetworkLink, Topology } from './topology.ts'

/** One-sided polls of a link that are looked at. */
const MAX_ONE_SIDED = 12

/** The poll that can be followed best: seen from both sides beyond doubt, through as many programs as possible. */
export function followPoll(network: Network, topology: Topology): RawTransaction | undefined {
  let best: { transaction: RawTransaction; rank: readonly number[] } | undefined
  for (const link of topology.links) {
    if (link.poll === undefined) continue
    for (const poll of candidates(link.poll)) {
      const transaction = describePoll(network, link, link.poll, poll)
      const rank = rankOf(poll, transaction)
      if (best === undefined || isAbove(rank, best.rank)) best = { transaction, rank }
    }
  }
  return best?.transaction
}

/** A poll from both sides, or from the one that shows it. */
interface Sighting {
  readonly client: PlacedExchange | undefined
  readonly relay: PlacedExchange | undefined
  readonly by: PollPair['by'] | 'one-source'
  readonly certainty: PollPair['certainty']
}

function candidates(link: PollLink): Sighting[] {
  const pairs = pollPairs(link)
  if (pairs.length > 0) return pairs
  const seen = { by: 'one-source', certainty: 'certain' } as const
  const relays = relayExchanges(link).slice(0, MAX_ONE_SIDED)
  if (relays.length > 0) return relays.map((relay) => ({ ...seen, client: undefined, relay }))
  return link.logs
    .flatMap((clientLog) => clientExchanges(clientLog).slice(0, MAX_ONE_SIDED))
    .map((client) => ({ ...seen, client, relay: undefined }))
}

function rankOf({ client, relay, certainty }: Sighting, { steps }: RawTransaction): number[] {
  const bothSides = client !== undefined && relay !== undefined
  return [
    bothSides ? ['possible', 'likely', 'certain'].indexOf(certainty) + 1 : 0,
    steps.filter(({ line }) => line !== undefined).length,
    (relay ?? client)?.exchange.status === 204 ? 1 : 0,
  ]
}

function isAbove(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index])
  return at >= 0 && (a[at] ?? 0) > (b[at] ?? 0)
}

function describePoll(
  network: Network,
  link: NetworkLink,
  poll: PollLink,
  sighting: Sighting,
): RawTransaction {
  const { client, relay, by, certainty } = sighting
  const { name } = link.from
  const reference = relay ?? client
  const status = reference?.exchange.status ?? 0
  const noClient = missingClient(name, poll)
  const steps = [
    stepOf(client, 'sent', 'client', `${name} asks for its next task`, noClient),
    ...(relay === undefined
      ? [notShown('relay', 'the relay takes it in', missingRelay(poll))]
      : [...relaySteps(relay), ...queueSteps(network, poll, relay)]),
    stepOf(relay, 'responded', 'relay', `the relay answers ${status}`, missingRelay(poll)),
    ...balancerSteps(network, poll, relay),
    stepOf(client, 'answered', 'client', `${name} reads the answer`, noClient),
  ]
  const services = [...network.clocks].filter(([log]) =>
    steps.some(({ line }) => line?.source === log.source.sourceId),
  )
  const doubtful = services.some(([, { match }]) => match.ambiguous)
  const byTime = by === 'one-source' && services.length > 0
  const exact = relay !== undefined && relay.exchange.durationMs >= 0
  const at = new Date((reference?.exchange.time ?? 0) + (reference?.shift ?? 0))
  return {
    kind: 'poll',
    title: `One poll of ${name} at ${at.toISOString().slice(11, 19)}`,
    link,
    matchedBy: byTime ? 'time' : by,
    certainty: doubtful ? 'possible' : byTime ? 'likely' : certainty,
    steps,
    tookMs: reference?.exchange.durationMs ?? Number.NaN,
    measuredBy: relay === undefined ? 'client' : 'relay',
    resolutionMs: exact || reference === undefined ? 1 : resolutionOf(reference.log),
    remarks: [
      ...remarksOn(name, poll, sighting),
      ...(by === 'request-id' && services.length > 0
        ? [`Those of ${services.map(([log]) => log.name).join(' and ')} were found by time.`]
        : []),
    ],
  }
}

/** Our relay knows logins and whether there is work without asking anybody; today's looks both up for every poll. */
function relaySteps(relay: PlacedExchange): RawStep[] {
  const checked = 'the relay has checked the credentials'
  if (isOurs(relay))
    return [
      stepOf(relay, 'credentials', 'relay', checked, 'the relay writes it at level debug only'),
    ]
  const statements = relay.exchange.lines.filter((line) => line.step === 'statement')
  return [
    ...(statements.length === 0
      ? [
          notShown(
            'database',
            'the relay looks the client up in its database',
            'no statement in its log is surely of this poll',
          ),
        ]
      : statements.map(({ evidence }, index) =>
          shown(
            'database',
            index === 0 ? 'the relay looks the client up in its database' : 'and asks it again',
            evidence,
            relay.log,
            relay.shift,
          ),
        )),
    stepOf(
      relay,
      'credentials',
      'relay',
      checked,
      'no line about credentials is surely of this poll',
    ),
  ]
}

function missingClient(name: string, { logs }: PollLink): string {
  if (logs.length === 0) return `no log of ${name} was given`
  if (logs.every(({ log }) => !log.facts.logsPolls))
    return `the log of ${name} does not write polls`
  if (logs.every(({ match }) => match === undefined))
    return `the polls in the log of ${name} could not be found in the relay’s`
  return `no poll in the log of ${name} is surely this one`
}

function missingRelay({ relayClients }: PollLink): string {
  return relayClients.length === 0
    ? 'no relay log was given that shows this client'
    : 'no poll in the relay’s log is surely this one'
}

function remarksOn(name: string, { logs, relayClients }: PollLink, sighting: Sighting): string[] {
  const { client, relay, by, certainty } = sighting
  if (by === 'request-id') return []
  if (by === 'time') {
    return certainty === 'likely'
      ? [`No other poll of ${name} comes into question.`]
      : [
          `${name} polls so regularly that a clock wrong by one poll would look the same: then these lines are of two polls.`,
        ]
  }
  if (logs.length === 0 || relayClients.length === 0) return []
  const side = relay === undefined ? 'client' : 'relay'
  return client === undefined || relay === undefined
    ? [
        `No poll is surely the same in the log of ${name} and in the relay’s: one side is shown, the ${side}’s.`,
      ]
    : []
}
