import type { Confidence } from '../vocabulary/judgement.ts'
import type { ClientFacts, RelayClient } from '../facts/facts.ts'
import type { PollSample } from '../facts/poll-sample.ts'
import { HOUR, MINUTE } from '../read/timestamps.ts'
import { align, likelyLags, median } from '../timeline/alignment.ts'
import type { Alignment } from '../timeline/alignment.ts'
import { mergeSignals, signalOfPolls } from '../timeline/signal.ts'
import type { Signal } from '../timeline/signal.ts'

const MAX_LAG_MS = 10 * MINUTE
const MAX_HOURS_MS = 14 * HOUR
/** Two instants are the same event if they are at most this far apart after the lag is subtracted. */
const REACH_MS = 2_000
/** Lags that are always tried: most clocks are right. */
const SMALL_LAGS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5].map((seconds) => seconds * 1_000)

/** Clocks that are set by the network differ by no more than this, with the rounding to seconds. */
const USUAL_SKEW_MS = 1_500
/** If polls match at several skews, nearly all must match at a usual one. */
const CERTAIN_SHARE = 0.95
/** Mean distance of this many polls from those at a strict interval, which shows that a client strays from it. */
const STRAY_POLLS = 5
const MIN_STRAY_MS = 1_200

/** How the polls of a client's log match those in a relay's log. */
export interface PollMatch {
  readonly by: 'request-id' | 'time'
  readonly matched: number
  /** Polls that both logs cover. */
  readonly comparable: number
  /** Client's clock minus the relay's, ms. */
  readonly skewMs: number
  readonly uncertaintyMs: number
  readonly confidence: Confidence
  /** Mean distance between matched polls after the skew is subtracted, ms. A small spread means a reliable match. */
  readonly spreadMs: number
  /** Another skew fits equally well because the polls are too regular. */
  readonly ambiguous: boolean
}

/** A client in the log of one replica of its relay. */
interface SeenClient {
  readonly client: RelayClient
  readonly shift: number
}

/** Compares with what all replicas of a relay saw, on the common time line; undefined if nothing matches. */
export function matchPolls(
  client: { facts: ClientFacts; shift: number },
  relay: readonly SeenClient[],
): PollMatch | undefined {
  return matchIds(client.facts.link.polls, client.shift, relay) ?? matchTimes(client, relay)
}

/** Warren's programs log a request ID on both sides, which makes the match certain. */
function matchIds(
  mine: PollSample,
  myShift: number,
  relay: readonly SeenClient[],
): PollMatch | undefined {
  const times = new Map<number, number>()
  for (const { client, shift } of relay) {
    const theirs = client.stats.polls
    for (let at = 0; at < theirs.length; at++)
      if (theirs.id(at) !== 0) times.set(theirs.id(at), theirs.time(at) + shift)
  }
  if (times.size === 0) return undefined
  const skews: number[] = []
  let known = 0
  for (let at = 0; at < mine.length; at++) {
    if (mine.id(at) === 0) continue
    known++
    const time = times.get(mine.id(at))
    if (time !== undefined) skews.push(mine.time(at) + myShift - time)
  }
  if (skews.length === 0) return undefined
  const skewMs = median(skews)
  const spread = median(skews.map((skew) => Math.abs(skew - skewMs)))
  return {
    by: 'request-id',
    matched: skews.length,
    comparable: Math.min(
      known,
      relay.reduce((sum, { client }) => sum + client.stats.polls.length, 0),
    ),
    skewMs,
    uncertaintyMs: Math.max(5, 3 * spread),
    confidence: 'certain',
    spreadMs: spread,
    ambiguous: false,
  }
}

function matchTimes(
  client: { facts: ClientFacts; shift: number },
  relay: readonly SeenClient[],
): PollMatch | undefined {
  const [only] = relay
  if (only === undefined) return undefined
  const { theirs, offset, interval } =
    relay.length === 1
      ? {
          theirs: signalOfPolls([only.client.stats.polls]),
          offset: client.shift - only.shift,
          interval: only.client.stats.heartbeat.medianInterval,
        }
      : { ...mergedSignal(relay), offset: client.shift }
  // A poll that failed need not have reached a relay whose log shows no failure.
  const logsErrors = theirs.statuses.some((status) => status >= 400)
  const mine = signalOfPolls([client.facts.link.polls], (status) => logsErrors || status < 400)
  return matchSignals(mine, theirs, offset, interval)
}

function mergedSignal(relay: readonly SeenClient[]): { theirs: Signal; interval: number } {
  const theirs = mergeSignals(
    relay.map(({ client, shift }) => ({ signal: signalOfPolls([client.stats.polls]), shift })),
  )
  const intervals = [...theirs.times].slice(1).map((time, at) => time - (theirs.times[at] ?? time))
  return { theirs, interval: median(intervals) }
}

/**
 * Matches two signals by time alone. `pollIntervalMs`: median interval of the second signal. `prefer`: which of several equally good
 * skews to choose: `tightest` for the smallest spread, `plainest` for the smallest skew.
 */
export function matchSignals(
  mine: Signal,
  theirs: Signal,
  offset: number,
  pollIntervalMs: number,
  prefer: 'tightest' | 'plainest' = 'tightest',
): PollMatch | undefined {
  if (mine.times.length < 5 || theirs.times.length < 5) return undefined
  const lags = new Set([...SMALL_LAGS, ...likelyLags(mine, theirs, offset, MAX_LAG_MS)])
  const fits = [...lags].map((lag) =>
    refined(mine, theirs, align(mine, theirs, offset + lag, REACH_MS)),
  )
  const most = Math.max(...fits.map(({ matched }) => matched))
  const good = fits.filter((fit) => isMatch(fit, pollIntervalMs) && fit.matched >= most * 0.97)
  if (good.length === 0) return matchHours(mine, theirs, offset, pollIntervalMs)
  const lagOf = (fit: Alignment): number => fit.offset - offset + fit.residual
  good.sort((a, b) => Math.abs(lagOf(a)) - Math.abs(lagOf(b)))
  const plain = good[0]
  if (plain === undefined) return undefined
  // With the true skew, partners differ by the network delay only; with a wrong one, also by the varying response times.
  const tightest = good.reduce((a, b) => (b.spread < a.spread ? b : a))
  const chosen = prefer === 'tightest' && tightest.spread < plain.spread * 0.6 ? tightest : plain
  const rivals = good.filter((fit) => Math.abs(lagOf(fit) - lagOf(chosen)) > 2_500)
  const cutOff = (mine.resolutionMs > 1 ? 500 : 0) - (theirs.resolutionMs > 1 ? 500 : 0)
  const coarse = mine.resolutionMs > 1 || theirs.resolutionMs > 1
  const skewMs = Math.round(-lagOf(chosen) + cutOff)
  const small = Math.abs(skewMs) <= USUAL_SKEW_MS
  const unique = strays(mine)
  const ambiguous = rivals.some((fit) => fit.spread < chosen.spread * 1.7) || !(small || unique)
  const nearlyAll = chosen.matched >= chosen.comparable * CERTAIN_SHARE
  return {
    by: 'time',
    matched: chosen.matched,
    comparable: chosen.comparable,
    skewMs,
    uncertaintyMs: Math.round(coarse ? 500 : Math.max(20, 3 * chosen.spread)),
    confidence: !ambiguous || ((small || unique) && nearlyAll) ? 'likely' : 'possible',
    spreadMs: chosen.spread,
    ambiguous,
  }
}

/**
 * A clock that is whole hours wrong, such as one that was set to local time. Polls at a strict interval also match after an hour if the
 * logs are of different hours, so both logs have to begin and end at the same time.
 */
function matchHours(
  mine: Signal,
  theirs: Signal,
  offset: number,
  pollIntervalMs: number,
): PollMatch | undefined {
  const begin = (theirs.times[0] ?? 0) - (mine.times[0] ?? 0) - offset
  const end = (theirs.times.at(-1) ?? 0) - (mine.times.at(-1) ?? 0) - offset
  const lag = Math.round(begin / HOUR) * HOUR
  const apart = Math.max(Math.abs(begin - lag), Math.abs(end - lag))
  if (lag === 0 || Math.abs(lag) > MAX_HOURS_MS || apart > MINUTE) return undefined
  const fit = align(mine, theirs, offset + lag, USUAL_SKEW_MS)
  const small = Math.abs(fit.residual) <= USUAL_SKEW_MS
  if (!small || !isMatch(fit, pollIntervalMs) || fit.matched < fit.comparable * CERTAIN_SHARE)
    return undefined
  return {
    by: 'time',
    matched: fit.matched,
    comparable: fit.comparable,
    skewMs: -lag,
    uncertaintyMs: USUAL_SKEW_MS,
    confidence: 'likely',
    spreadMs: fit.spread,
    ambiguous: false,
  }
}

/** Aligns again with the lag of the first fit: with a large residual, the nearest instant may belong to another poll. */
function refined(mine: Signal, theirs: Signal, first: Alignment): Alignment {
  if (first.matched < first.comparable * 0.5) return first
  const second = align(mine, theirs, first.offset + first.residual, REACH_MS)
  return second.matched >= first.matched ? second : first
}

/**
 * It strays from a strict interval, as loops that sleep between polls do, so that another client with the same interval does not poll
 * at the same times for long.
 */
function strays({ times }: Signal): boolean {
  const last = times.length - 1
  const from = times[0] ?? Number.NaN
  const interval = ((times[last] ?? Number.NaN) - from) / last
  let sum = 0
  for (let at = 0; at <= last; at++) {
    const strayed = (index: number): number => (times[index] ?? 0) - from - index * interval
    sum += strayed(at)
    if (at < STRAY_POLLS) continue
    sum -= strayed(at - STRAY_POLLS)
    if (Math.abs(sum / STRAY_POLLS) > MIN_STRAY_MS) return true
  }
  return false
}

/** More polls match than by chance. */
function isMatch({ matched, comparable }: Alignment, medianInterval: number): boolean {
  const share = comparable === 0 ? 0 : matched / comparable
  const chance = Math.min(1, 2_200 / Math.max(1, medianInterval))
  return comparable >= 8 && share >= 0.6 && share >= chance + 0.2
}
