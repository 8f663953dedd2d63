import type { Confidence } from '../vocabulary/judgement.ts'
import type { SampledExchange } from '../facts/exchange-sample.ts'
import { phase } from '../facts/poll-sample.ts'
import type { PollSample } from '../facts/poll-sample.ts'
import { MINUTE } from '../read/timestamps.ts'
import type { ClientLog, PollLink, ProgramLog } from '../network/network.ts'
import type { PollMatch } from '../network/poll-match.ts'
import { notShown, resolutionOf, shown } from './transaction.ts'
import type { Leg, RawStep } from './transaction.ts'

const QUARTER = 15 * MINUTE
/** How many polls of a client's log are tried. */
const MAX_CANDIDATES = 64

/** A sampled exchange of one log, with the shift to the relay's clock. */
export interface PlacedExchange {
  readonly exchange: SampledExchange
  readonly log: ProgramLog
  readonly shift: number
}

/** One poll in the client's log and in the relay's log. */
export interface PollPair {
  readonly client: PlacedExchange
  readonly relay: PlacedExchange
  readonly by: 'request-id' | 'time'
  readonly confidence: Confidence
}

/** A time span. Both ends may be later by up to `resolution`, but not earlier. */
export interface TimeSpan {
  readonly begin: number
  readonly end: number
  readonly resolution: number
}

/** Polls in both logs: by request ID, or by time if no other poll matches. */
export function pollPairs(link: PollLink): PollPair[] {
  const relays = relayExchanges(link)
  const byId = new Map(relays.map((relay) => [relay.exchange.requestId, relay]))
  byId.delete('')
  return link.logs.flatMap((clientLog) => {
    const clock = clockOf(clientLog)
    if (clock === undefined) return []
    const exchanges = clientExchanges(clientLog, clock.shift).slice(0, MAX_CANDIDATES)
    const certain = exchanges.flatMap((client): PollPair[] => {
      const relay = byId.get(client.exchange.requestId)
      return relay === undefined ? [] : [{ client, relay, by: 'request-id', confidence: 'certain' }]
    })
    if (certain.length > 0) return certain
    return exchanges.flatMap((client) => pairByTime(link, clientLog, clock, client, relays) ?? [])
  })
}

export function clientExchanges({ log }: ClientLog, shift = log.shift): PlacedExchange[] {
  return log.facts.sample.exchanges.map((exchange) => ({ exchange, log, shift }))
}

export function relayExchanges({ relayClients }: PollLink): PlacedExchange[] {
  return relayClients.flatMap(({ client, log }) =>
    log.facts.sample.exchanges
      .filter((exchange) => exchange.client === client.key)
      .map((exchange) => ({ exchange, log, shift: log.shift })),
  )
}

/** Offset to the relay's clock, and its uncertainty. */
export interface Clock {
  readonly shift: number
  readonly slack: number
  readonly confidence: Confidence
}

/** If several skews fit equally well, the most likely one is used and the result is only possible. */
export function clockOf({ log, match }: ClientLog): Clock | undefined {
  return match === undefined
    ? undefined
    : { ...clockBy(match), shift: log.shift - (match.ambiguous ? match.skewMs : 0) }
}

export function clockBy(match: PollMatch): Omit<Clock, 'shift'> {
  return {
    slack: Math.max(match.uncertaintyMs, match.spreadMs),
    confidence: match.ambiguous ? 'possible' : 'likely',
  }
}

function pairByTime(
  link: PollLink,
  clientLog: ClientLog,
  { slack, confidence, shift }: Clock,
  client: PlacedExchange,
  relays: readonly PlacedExchange[],
): PollPair | undefined {
  const outer = spanOf(client)
  const relay = relays.find(
    (one) => one.exchange.status === client.exchange.status && isWithin(spanOf(one), outer, slack),
  )
  if (relay === undefined) return undefined
  const inner = spanOf(relay)
  // With a second poll within the tolerance on either side, whatever its status, the match is ambiguous.
  const relayPolls = link.relayClients.flatMap((one) => pollsOf(one.client.stats.polls, one.log))
  const clientPolls = link.logs.flatMap((one) =>
    pollsOf(one.log.facts.link.polls, one.log, clockOf(one)?.shift),
  )
  const alone =
    relayPolls.filter((poll) => isWithin(poll, outer, slack)).length === 1 &&
    clientPolls.filter((poll) => isWithin(inner, poll, slack)).length === 1 &&
    isKept(clientLog.log.facts.link.polls, inner, shift, slack) &&
    link.relayClients.every((one) => isKept(one.client.stats.polls, outer, one.log.shift, slack)) &&
    neighboursAgree(clientPolls, relayPolls, outer, inner, slack)
  return alone ? { client, relay, by: 'time', confidence } : undefined
}

/**
 * The polls before and after match too. Without this check, two different polls could be paired if each log lacks the other one's
 * line.
 */
function neighboursAgree(
  clientPolls: readonly TimeSpan[],
  relayPolls: readonly TimeSpan[],
  outer: TimeSpan,
  inner: TimeSpan,
  slack: number,
): boolean {
  const before = [clientPolls, relayPolls].map((polls, side) =>
    polls
      .filter(({ end }) => end < (side === 0 ? outer : inner).begin)
      .toSorted(byEnd)
      .at(-1),
  )
  const after = [clientPolls, relayPolls].map((polls, side) =>
    polls
      .filter(({ begin }) => begin > (side === 0 ? outer : inner).end)
      .toSorted(byEnd)
      .at(0),
  )
  return [before, after].every(
    ([client, relay]) =>
      client !== undefined && relay !== undefined && isWithin(relay, client, slack),
  )
}

function byEnd(a: TimeSpan, b: TimeSpan): number {
  return a.end - b.end
}

/** A step of a poll, quoted from the line of that kind. */
export function stepOf(
  placed: PlacedExchange | undefined,
  kind: string,
  leg: Leg,
  title: string,
  missing: string,
): RawStep {
  const line = placed?.exchange.lines.find((one) => one.step === kind)?.evidence
  return placed === undefined || line === undefined
    ? notShown(leg, title, missing)
    : shown(leg, title, line, placed.log, placed.shift)
}

/** From sent to read, from received to answered, or from connected to closed. */
export function spanOf({ exchange, log, shift }: PlacedExchange): TimeSpan {
  const first = exchange.lines.find(({ step }) => step === 'sent' || step === 'accepted')
  const lasted = exchange.durationMs > 0 ? exchange.durationMs : 0
  return {
    begin: (first?.evidence.time ?? exchange.time - lasted) + shift,
    end: exchange.time + shift,
    resolution: resolutionOf(log),
  }
}

/** The inner span can lie within the outer one: sent before received, answered before read. */
export function isWithin(inner: TimeSpan, outer: TimeSpan, slack: number): boolean {
  return (
    outer.begin - slack < inner.begin + inner.resolution &&
    inner.end - slack < outer.end + outer.resolution
  )
}

/** All sampled polls of a source, with or without their lines. */
export function pollsOf(polls: PollSample, log: ProgramLog, shift = log.shift): TimeSpan[] {
  const resolution = resolutionOf(log)
  return Array.from({ length: polls.length }, (_, at) => {
    const end = polls.time(at) + shift
    const lasted = polls.duration(at)
    return { begin: lasted > 0 ? end - lasted : end, end, resolution }
  })
}

/** The sample covers this span completely: a poll that is not in the sample did not happen. */
export function isKept(
  polls: PollSample,
  { begin, end, resolution }: TimeSpan,
  shift: number,
  slack: number,
): boolean {
  if (polls.keptMs >= QUARTER) return true
  const from = begin - shift - slack - resolution
  const to = end - shift + slack + resolution
  return phase(from) < polls.keptMs && phase(to) < polls.keptMs && to - from < polls.keptMs
}
