import type { Cause } from '../vocabulary/cause.ts'
import type { NetworkLink } from '../network/topology.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { largest, smallest } from '../timeline/extremes.ts'
import { exchangesWithin } from '../timeline/side-view.ts'
import type { PlacedProblem } from '../timeline/placed-problem.ts'
import { formatDuration, formatNumber, formatReasons } from '../vocabulary/figures.ts'
import { viewOf } from './context.ts'
import type { RawFinding } from './raw-finding.ts'

/** Causes that end a request which the relay may have received. */
const CUT_OFF: ReadonlySet<Cause> = new Set(['read-timeout', 'connection-closed', 'proxy-504'])
/** Statuses by which a component in front of the relay turns requests down. */
const TURNED_DOWN: ReadonlyMap<Cause, number> = new Map([
  ['rate-limited', 429],
  ['access-forbidden', 403],
])
const MIN_FAILURES = 5
/** Sizes this far apart are a limit and no chance. */
const MUCH_LARGER = 1.2
/** A shorter wait is not a timeout. */
const MIN_TIMEOUT_MS = 2 * SECOND

/** What shows that the reason lies between client and relay: sentences, who must act and what to do. */
export interface OnTheWay extends Pick<RawFinding, 'party' | 'title' | 'action' | 'next'> {
  readonly sentences: readonly string[]
}

/** Judges a problem of polls by what the relay log shows of the same polls, and by how long they took. */
export function judgeTheWay(link: NetworkLink, problem: PlacedProblem): OnTheWay {
  const { cause } = problem
  if (CUT_OFF.has(cause)) return cutOff(link, problem)
  if (cause === 'result-not-submitted') return lostResults(link, problem)
  const status = TURNED_DOWN.get(cause)
  return status === undefined || !neverReached(link, status)
    ? { sentences: [] }
    : {
        sentences: [
          `relay log: none of these polls, so a component in front of the relay responds with ${status}`,
        ],
        party: 'network',
        title: `${status} from a component in front of the relay`,
        action: `Find the component that responds with ${status}, and make it pass the requests of this client.`,
        next: [
          'Show who responds: `curl -v https://HOST/healthz` from the client, and its headers `server` and `via`.',
          'Check the rules and limits of the web application firewall, load balancer or ingress.',
        ],
      }
}

/** The relay logs its requests, and none of this client with that status. */
function neverReached(link: NetworkLink, status: number): boolean {
  const relay = viewOf(link, 'relay')
  const logged = link.relay?.logs.some(({ facts }) => facts.logsRequests) === true
  return relay !== undefined && logged && !relay.statuses.has(status)
}

function cutOff(link: NetworkLink, problem: PlacedProblem): OnTheWay {
  const answered = answeredMeanwhile(link, problem)
  const limit = commonWait(problem)
  if (!answered && Number.isNaN(limit)) return { sentences: [] }
  const held = viewOf(link, 'relay')?.held ?? 0
  return {
    sentences: [
      Number.isNaN(limit) ? '' : `always after ${formatDuration(limit)}`,
      answered
        ? 'relay log: polls of this client were answered at that time, so responses are lost on the way back'
        : '',
    ],
    ...(answered ? { party: 'network' as const } : {}),
    ...(Number.isNaN(limit)
      ? {}
      : {
          action: `Find what ends a connection without data after ${formatDuration(limit)}: a firewall, NAT gateway, proxy or load balancer.`,
          next: [
            'Raise its idle timeout above the time that polls are held.',
            `Until then, set POLL_WAIT_SECONDS of the client below ${Math.floor(limit / SECOND)}${held > 0 ? '' : ', or 0'}.`,
          ],
        }),
  }
}

/** Results that are lost while polls are answered; large ones only, as far as the log of the client shows it. */
function lostResults(link: NetworkLink, { details, periods }: PlacedProblem): OnTheWay {
  const client = viewOf(link, 'client')
  const answered = periods.some(
    ({ from, to }) =>
      client !== undefined && exchangesWithin(client, from - MINUTE, to + MINUTE, 'good') > 0,
  )
  const facts = (link.poll?.logs ?? []).map(({ log }) => log.facts)
  const arrived = largest(facts.map((one) => one.largestArrived))
  const lost = smallest(facts.map((one) => one.smallestLost))
  const bySize = lost > MUCH_LARGER * arrived
  return {
    sentences: [
      formatReasons(details),
      answered ? 'polls, which have no body, are answered at that time' : '',
      bySize
        ? `results of ${formatNumber(arrived)} bytes and less arrive, those of ${formatNumber(lost)} and more do not`
        : '',
    ],
    ...(bySize || details.has('HTTP 413')
      ? { title: 'large results do not arrive at the relay' }
      : {}),
  }
}

/** The relay answered polls of this client while the client saw them fail. */
function answeredMeanwhile(link: NetworkLink, { count, periods }: PlacedProblem): boolean {
  const relay = viewOf(link, 'relay')
  if (relay === undefined || viewOf(link, 'client') === undefined) return false
  const good = periods.reduce(
    (sum, { from, to }) => sum + exchangesWithin(relay, from, Math.max(to, from + SECOND), 'good'),
    0,
  )
  return count >= MIN_FAILURES && good >= count / 2
}

/** How long each failure took, if all took the same time; else NaN. Times of whole seconds differ by one. */
function commonWait({ count, waits }: PlacedProblem): number {
  if (waits === undefined || count < MIN_FAILURES || waits.shortest < MIN_TIMEOUT_MS)
    return Number.NaN
  const spread = waits.longest - waits.shortest
  return spread <= Math.max(SECOND, waits.longest * 0.05) ? waits.longest : Number.NaN
}
