import type { Confidence } from '../vocabulary/judgement.ts'
import type { ClientFacts, RelayClient } from '../facts/facts.ts'
import type { PollSample } from '../facts/poll-sample.ts'
import { MINUTE } from '../read/timestamps.ts'
import { align, likelyLags, median } from '../timeline/alignment.ts'
import type { Alignment } from '../timeline/alignment.ts'
import { signalOfPolls } from '../timeline/signal.ts'
import type { Signal } from '../timeline/signal.ts'

const MAX_LAG_MS = 10 * MINUTE
/** Two instants are the same event if they are at most this far apart after the lag is subtracted. */
const REACH_MS = 2_000
/** Lags that are always tried: most clocks are right. */
const SMALL_LAGS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5].map((seconds) => seconds * 1_000)

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

/** Compares on the common time line; undefined if nothing matches. */
export function matchPolls(
  client: { facts: ClientFacts; shift: number },
  relay: { client: RelayClient; shift: number },
): PollMatch | undefined {
  const mine = client.facts.link.polls
  const theirs = relay.client.stats.polls
  return matchIds(mine, client.shift, theirs, relay.shift) ?? matchTimes(client, relay)
}

/** Warren's programs log a request ID on both sides, which makes the match certain. */
function matchIds(
  mine: PollSample,
  myShift: number,
  theirs: PollSample,
  theirShift: number,
): PollMatch | undefined {
  const times = new Map<number, number>()
  for (let at = 0; at < theirs.length; at++)
    if (theirs.id(at) !== 0) times.set(theirs.id(at), theirs.time(at) + theirShift)
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
    comparable: Math.min(known, theirs.length),
    skewMs,
    uncertaintyMs: Math.max(5, 3 * spread),
    confidence: 'certain',
    spreadMs: spread,
    ambiguous: false,
  }
}

function matchTimes(
  client: { facts: ClientFacts; shift: number },
  relay: { client: RelayClient; shift: number },
): PollMatch | undefined {
  const mine = signalOfPolls([client.facts.link.polls])
  const theirs = signalOfPolls([relay.client.stats.polls])
  return matchSignals(
    mine,
    theirs,
    client.shift - relay.shift,
    relay.client.stats.heartbeat.medianInterval,
  )
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
  if (good.length === 0) return undefined
  const lagOf = (fit: Alignment): number => fit.offset - offset + fit.residual
  good.sort((a, b) => Math.abs(lagOf(a)) - Math.abs(lagOf(b)))
  const plain = good[0]
  if (plain === undefined) return undefined
  // With the true skew, partners differ by the network delay only; with a wrong one, also by the varying response times.
  const tightest = good.reduce((a, b) => (b.spread < a.spread ? b : a))
  const chosen = prefer === 'tightest' && tightest.spread < plain.spread * 0.6 ? tightest : plain
  const rivals = good.filter((fit) => Math.abs(lagOf(fit) - lagOf(chosen)) > 2_500)
  const ambiguous = rivals.some((fit) => fit.spread < chosen.spread * 1.7)
  const cutOff = (mine.resolutionMs > 1 ? 500 : 0) - (theirs.resolutionMs > 1 ? 500 : 0)
  const coarse = mine.resolutionMs > 1 || theirs.resolutionMs > 1
  return {
    by: 'time',
    matched: chosen.matched,
    comparable: chosen.comparable,
    skewMs: Math.round(-lagOf(chosen) + cutOff),
    uncertaintyMs: Math.round(coarse ? 500 : Math.max(20, 3 * chosen.spread)),
    confidence: ambiguous ? 'possible' : 'likely',
    spreadMs: chosen.spread,
    ambiguous,
  }
}

/** Aligns again with the lag of the first fit: with a large residual, the nearest instant may belong to another poll. */
function refined(mine: Signal, theirs: Signal, first: Alignment): Alignment {
  if (first.matched < first.comparable * 0.5) return first
  const second = align(mine, theirs, first.offset + first.residual, REACH_MS)
  return second.matched >= first.matched ? second : first
}

/** More polls match than by chance. */
function isMatch({ matched, comparable }: Alignment, medianInterval: number): boolean {
  const share = comparable === 0 ? 0 : matched / comparable
  const chance = Math.min(1, 2_200 / Math.max(1, medianInterval))
  return comparable >= 8 && share >= 0.6 && share >= chance + 0.2
}
