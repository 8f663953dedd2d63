import type { Network, PollLink } from '../network/network.ts'
import { clientExchanges, relayExchanges, pollPairs, stepOf } from './poll-pairs.ts'
import type { PlacedExchange, PollPair } from './poll-pairs.ts'
import { loadBalancerSteps, isWarren, queueSteps } from './poll-services.ts'
import { notShown, resolutionOf, shown } from './transaction.ts'
import type { RawStep, RawTransaction } from './transaction.ts'
import type { NetworkLink, Topology } from '../network/topology.ts'

/** Polls per link that are tried if no poll is in both logs. */
const MAX_ONE_SIDED = 12

/** The poll that can be followed best: in both logs, unambiguous, and with lines from as many programs as possible. */
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

/** A poll in both logs, or in one of them. */
interface Sighting {
  readonly client: PlacedExchange | undefined
  readonly relay: PlacedExchange | undefined
  readonly by: PollPair['by'] | 'one-source'
  readonly confidence: PollPair['confidence']
}

function candidates(link: PollLink): Sighting[] {
  const pairs = pollPairs(link)
  if (pairs.length > 0) return pairs
  const seen = { by: 'one-source', confidence: 'certain' } as const
  const relays = relayExchanges(link).slice(0, MAX_ONE_SIDED)
  if (relays.length > 0) return relays.map((relay) => ({ ...seen, client: undefined, relay }))
  return link.logs
    .flatMap((clientLog) => clientExchanges(clientLog).slice(0, MAX_ONE_SIDED))
    .map((client) => ({ ...seen, client, relay: undefined }))
}

function rankOf({ client, relay, confidence }: Sighting, { steps }: RawTransaction): number[] {
  const bothSides = client !== undefined && relay !== undefined
  return [
    bothSides ? ['possible', 'likely', 'certain'].indexOf(confidence) + 1 : 0,
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
  const { client, relay, by, confidence } = sighting
  const { name } = link.from
  const reference = relay ?? client
  const status = reference?.exchange.status ?? 0
  const noClient = missingClient(name, poll)
  const steps = [
    stepOf(client, 'sent', 'client', `${name} asks for its next task`, noClient),
    ...(relay === undefined
      ? [notShown('relay', 'the relay receives it', missingRelay(poll))]
      : [...relaySteps(relay), ...queueSteps(network, poll, relay)]),
    stepOf(relay, 'responded', 'relay', `the relay responds with ${status}`, missingRelay(poll)),
    ...loadBalancerSteps(network, poll, relay),
    stepOf(client, 'answered', 'client', `${name} reads the response`, noClient),
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
    confidence: doubtful ? 'possible' : byTime ? 'likely' : confidence,
    steps,
    tookMs: reference?.exchange.durationMs ?? Number.NaN,
    measuredBy: relay === undefined ? 'client' : 'relay',
    resolutionMs: exact || reference === undefined ? 1 : resolutionOf(reference.log),
    remarks: [
      ...remarksOn(name, poll, sighting),
      ...(by === 'request-id' && services.length > 0
        ? [`Lines of ${services.map(([log]) => log.name).join(' and ')} matched by time.`]
        : []),
    ],
  }
}

/** Warren's relay caches logins and waiting work; the .NET relay queries both for every poll. */
function relaySteps(relay: PlacedExchange): RawStep[] {
  const checked = 'the relay accepts the credentials'
  if (isWarren(relay))
    return [
      stepOf(relay, 'credentials', 'relay', checked, 'the relay logs this at level debug only'),
    ]
  const statements = relay.exchange.lines.filter((line) => line.step === 'statement')
  return [
    ...(statements.length === 0
      ? [
          notShown(
            'database',
            'the relay queries its database for the client',
            'no statement in its log can be matched to this poll',
          ),
        ]
      : statements.map(({ evidence }, index) =>
          shown(
            'database',
            index === 0
              ? 'the relay queries its database for the client'
              : 'the relay queries its database again',
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
      'no line about credentials can be matched to this poll',
    ),
  ]
}

function missingClient(name: string, { logs }: PollLink): string {
  if (logs.length === 0) return `there is no log of ${name}`
  if (logs.every(({ log }) => !log.facts.logsPolls))
    return `the log of ${name} does not contain polls`
  if (logs.every(({ match }) => match === undefined))
    return `the polls in the log of ${name} do not match those in the relay log`
  return `no poll in the log of ${name} can be matched to this one`
}

function missingRelay({ relayClients }: PollLink): string {
  return relayClients.length === 0
    ? 'no relay log contains this client'
    : 'no poll in the relay log can be matched to this one'
}

function remarksOn(name: string, { logs, relayClients }: PollLink, sighting: Sighting): string[] {
  const { client, relay, by, confidence } = sighting
  if (by === 'request-id') return []
  if (by === 'time') {
    return confidence === 'likely'
      ? [`No other poll of ${name} matches.`]
      : [
          `${name} polls so regularly that a clock error of one polling interval would look the same. The lines may belong to two different polls.`,
        ]
  }
  if (logs.length === 0 || relayClients.length === 0) return []
  const side = relay === undefined ? 'client' : 'relay'
  return client === undefined || relay === undefined
    ? [
        `No poll in the log of ${name} can be matched to one in the relay log. Only the ${side} side is shown.`,
      ]
    : []
}
