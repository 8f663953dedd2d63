import type { Cause } from '../vocabulary/cause.ts'
import type { NetworkLink } from '../network/topology.ts'
import { sideSource } from '../network/poll-links.ts'
import type { Period } from '../facts/problem-history.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { exchangesWithin, okAfter, buildSideView } from '../timeline/side-view.ts'
import { addProblem, addSide, copyOf, endAt, onlyPeriods } from '../timeline/placed-problem.ts'
import { smallest } from '../timeline/extremes.ts'
import type { SideView } from '../timeline/side-view.ts'
import type { PlacedProblem, ProblemSummary } from '../timeline/placed-problem.ts'
import { CAUSE_SHEET, causesWhere, occurrenceOf } from '../vocabulary/causes/sheet.ts'
import { foldInto } from './consequences.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, fromProblem } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import {
  formatCount,
  formatDetails,
  formatOccurrences,
  formatTime,
  formatTimes,
  sentences,
} from '../vocabulary/figures.ts'
import { judgeTheWay } from './on-the-way.ts'
import type { OnTheWay } from './on-the-way.ts'
import { describeEnd, logsOf } from './phrases.ts'

/** Causes that are the outcome of a poll. The others have finders of their own. */
const POLL_CAUSES = causesWhere(({ reached }) => reached !== null)
/** Responses of the load balancer itself, which all clients behind it share. */
const LOAD_BALANCER_CAUSES: readonly Cause[] = ['proxy-502', 'proxy-503', 'proxy-504']
/** A client that disconnects more often than this was not just restarted. */
const MAX_STOPS = 5
/** The sides of a link in the order in which a response passes them. */
const SIDES = ['relay', 'load-balancer', 'client'] as const
type PollSide = (typeof SIDES)[number]
/** Two sides log one poll at times that differ by no more than this, ms. */
const CLOCK_ROOM_MS = 2 * SECOND
/** Failures before the relay: a later request of the client in the relay log proves the recovery. */
const BEFORE_THE_RELAY = causesWhere(({ reached }) => reached === 'nothing' || reached === 'front')
/** The client did not reach the relay; whether the relay is the reason depends on the other clients. */
const UNREACHED = causesWhere(({ reached }) => reached === 'nothing')

/** Adds one finding per cause and link, from the logs of the client, the load balancer and the relay together. */
export function findPollFailures(context: DiagnosisContext): void {
  for (const link of pollLinksOf(context)) {
    for (const { problem, sides } of problemsOf(link)) {
      if (POLL_CAUSES.has(problem.cause))
        context.found.push(buildPollFailure(context, link, problem, sides))
    }
    mergeTimeouts(context, link)
    mergeLostResults(context, link)
  }
  for (const link of context.topology.links.filter(({ kind }) => kind === 'load-balancer'))
    findLoadBalancerFailures(context, link)
}

/** A client that runs into its timeout disconnects, which the load balancer logs: one failure, seen by two sides. */
function mergeTimeouts({ found, network }: DiagnosisContext, link: NetworkLink): void {
  const own = found.filter((finding) => finding.link === link)
  const waited = own.filter(({ cause }) => cause === 'read-timeout')
  const left = own.find(({ cause }) => cause === 'client-left')
  if (left !== undefined && foldInto(waited, left, network)) found.splice(found.indexOf(left), 1)
}

/** While the relay is not reached, no result arrives either. */
function mergeLostResults({ found, network }: DiagnosisContext, link: NetworkLink): void {
  const own = found.filter((finding) => finding.link === link)
  const lost = own.find(({ cause }) => cause === 'result-not-submitted')
  const outages = own.filter((finding) => finding !== lost && CAUSE_SHEET[finding.cause].outage)
  if (lost !== undefined && foldInto(outages, lost, network)) found.splice(found.indexOf(lost), 1)
}

/** The problems of a link, each merged from the sides that saw it. */
function problemsOf(
  link: NetworkLink,
): { readonly problem: PlacedProblem; readonly sides: readonly PollSide[] }[] {
  return [...seenProblems(link)].flatMap(([, seen]) => {
    const [first, ...others] = seen.values()
    if (first === undefined) return []
    const problem = copyOf(first)
    for (const other of others) addSide(problem, other)
    endAt(problem, recoveryOf(link, seen))
    return [{ problem, sides: [...seen.keys()] }]
  })
}

/** Which side saw which problem. A problem that is only a status is added to the one that names the reason. */
function seenProblems(link: NetworkLink): Map<Cause, Map<PollSide, PlacedProblem>> {
  const all = new Map<Cause, Map<PollSide, PlacedProblem>>()
  for (const side of SIDES) {
    for (const problem of viewOf(link, side)?.problems.values() ?? []) {
      const byReason = Map.groupBy(problem.periods, (period) => reasonOf(link, problem, period))
      for (const [cause, periods] of byReason) {
        const own = byReason.size === 1 ? {} : onlyPeriods(problem, periods)
        const part = { ...copyOf(problem), cause, ...own }
        const seen = all.get(cause) ?? new Map<PollSide, PlacedProblem>()
        all.set(cause, seen)
        const known = seen.get(side)
        if (known === undefined) seen.set(side, part)
        else addProblem(known, part)
      }
    }
  }
  return all
}

/** The relay's reason for a 401 or 5xx that a client or load balancer saw in this period. */
function reasonOf(link: NetworkLink, { cause }: PlacedProblem, period: Period): Cause {
  const reasons: Iterable<Cause> =
    LOAD_BALANCER_CAUSES.includes(cause) && respondedWith(link, Number(cause.slice(-3)))
      ? ['relay-error']
      : causesWhere(({ specifies }) => specifies === cause)
  const problems = viewOf(link, 'relay')?.problems
  const near = [...reasons].flatMap((reason) => {
    const shared = (problems?.get(reason)?.periods ?? []).filter(({ from, to }) => {
      return to >= period.from - 2 * MINUTE && from <= period.to + 2 * MINUTE
    })
    const count = shared.reduce((sum, one) => sum + one.count, 0)
    return count === 0 ? [] : [{ reason, count }]
  })
  return near.toSorted((a, b) => b.count - a.count)[0]?.reason ?? cause
}

/** The relay itself responded with this status. */
function respondedWith(link: NetworkLink, status: number): boolean {
  return (viewOf(link, 'relay')?.statuses.get(status) ?? 0) > 0
}

function buildPollFailure(
  context: DiagnosisContext,
  link: NetworkLink,
  problem: PlacedProblem,
  sides: readonly PollSide[],
): RawFinding {
  const others = otherClientsAnswered(context, link, problem)
  const way = judgeTheWay(link, problem)
  const buildWhy = whyBuilder(link, problem, sides, others, way)
  const finding = rawFinding({
    ...fromProblem(problem),
    subject: link.from.name,
    link,
    partyName: link.from.name,
    why: buildWhy(problem),
    buildWhy,
    confidence: confidenceOf(problem, others),
  })
  const { sentences: _, ...texts } = way
  Object.assign(finding, texts)
  const party = partyOf(problem.cause, others, link)
  if (party !== undefined) finding.party = party
  const acting = finding.party ?? CAUSE_SHEET[problem.cause].party
  if (acting === 'hub') finding.partyName = link.to.name
  if (acting === 'network') finding.partyName = null
  if (problem.cause === 'client-left' && isStop(link)) {
    finding.severity = 'info'
    finding.status = 'observed'
    finding.buildWhy = (summary) => buildWhy(summary, '')
    finding.why = buildWhy(problem, '')
  }
  return finding
}

/** A client that is stopped leaves one held poll; a client with a short timeout leaves one after the other. */
function isStop({ views }: NetworkLink): boolean {
  const seen = views.flatMap(({ view }) => view.problems.get('client-left') ?? [])
  return seen.every(
    ({ count, periods }) => count <= MAX_STOPS && periods.every((one) => one.count === 1),
  )
}

/** When the problem ended for all sides that saw it; NaN while it is ongoing. */
function recoveryOf(link: NetworkLink, seen: ReadonlyMap<PollSide, PlacedProblem>): number {
  return Math.max(...[...seen].map(([side, problem]) => endOn(link, side, problem)))
}

/**
 * The first success that ends a problem of one side. It may be logged by that side or by one nearer to the client, because a response
 * that arrives has passed them all. A side further away only sees that responses leave. It counts if the requests did not get that
 * far, and if it missed the client during the problem.
 */
function endOn(link: NetworkLink, side: PollSide, problem: PlacedProblem): number {
  if (!Number.isNaN(problem.recoveredAt)) return problem.recoveredAt
  const at = SIDES.indexOf(side)
  const after = problem.last + SECOND / 2
  const nearer = SIDES.slice(at + 1).map((other) =>
    okAfter(viewOf(link, other)?.sources ?? [], after),
  )
  const further = SIDES.slice(0, at).flatMap((other) => {
    const view = viewOf(link, other)
    return view === undefined || !(view.lastOk > problem.last) ? [] : returnsOf(view, problem)
  })
  return smallest([...nearer, ...further].filter((time) => time > after))
}

/** When a side saw the client again after a problem during which it had missed the client. */
function returnsOf({ problems, gaps, medianInterval }: SideView, problem: PlacedProblem): number[] {
  const latest = problem.periods.at(-1)
  if (latest === undefined) return []
  const same = problems.get(problem.cause)?.periods ?? []
  const missed = BEFORE_THE_RELAY.has(problem.cause)
    ? gaps.filter(({ from, to }) => !(to - from <= 1.5 * medianInterval))
    : []
  return [...same.map(({ from, recoveredAt }) => ({ from, to: recoveredAt })), ...missed]
    .filter(
      ({ from, to }) => from <= latest.from + CLOCK_ROOM_MS && to >= latest.to - CLOCK_ROOM_MS,
    )
    .map(({ to }) => to)
}

/** Whether other clients were answered while this one was not; undefined if no log shows it. */
function otherClientsAnswered(
  context: DiagnosisContext,
  link: NetworkLink,
  problem: PlacedProblem,
): boolean | undefined {
  const others = pollLinksOf(context).filter(
    (other) => other !== link && other.relay === link.relay,
  )
  const seen = others
    .flatMap(({ views }) => views.map(({ view }) => view))
    .filter(({ ok }) => ok > 0)
  if (seen.length === 0) return undefined
  return seen.some((view) => problem.periods.some((period) => workedDuring(view, period)))
}

function workedDuring(view: SideView, { from, to }: Period): boolean {
  if (exchangesWithin(view, from, to, 'good') > 0) return true
  // The buckets of a long log are too long for this period: a client without a gap in it kept working.
  const coarse = view.sources.some((source) => source.stats.series.bucketMs * 2 > to - from)
  if (!coarse || to - from < MINUTE || view.first > to || view.lastOk < to) return false
  return !view.gaps.some((gap) => gap.from <= from + 10_000 && gap.to >= to - 10_000)
}

function partyOf(
  cause: Cause,
  others: boolean | undefined,
  link: NetworkLink,
): RawFinding['party'] | undefined {
  if (cause === 'connection-refused' && others === true) return 'network'
  if (cause === 'name-resolution' && others === false) return 'hub'
  // Every client has a timeout that a slow relay exceeds.
  if (cause === 'client-left' && viewOf(link, 'relay')?.problems.has('slow') === true) return 'hub'
  if (cause === 'read-timeout' && link.relay !== undefined && others === true) {
    const relay = viewOf(link, 'relay')
    // The relay responded quickly, so the response was lost on the network.
    if (relay !== undefined && relay.latency.count > 10 && relay.latency.quantile(0.95) < 5_000)
      return 'network'
  }
  return undefined
}

function confidenceOf(
  problem: PlacedProblem,
  others: boolean | undefined,
): RawFinding['confidence'] {
  if (problem.cause === 'auth-refused' || problem.cause === 'read-timeout') return 'likely'
  // An expired certificate of the relay would affect all clients.
  if ((problem.cause === 'tls-expired' || problem.cause === 'tls-wrong-name') && others === true)
    return 'likely'
  return 'certain'
}

function whyBuilder(
  link: NetworkLink,
  { cause, details }: PlacedProblem,
  sides: readonly PollSide[],
  others: boolean | undefined,
  way: OnTheWay,
): (summary: ProblemSummary, end?: string) => string {
  const isLogin = CAUSE_SHEET[cause].fails.includes('authentication')
  const users = isLogin ? formatDetails(details) : ''
  const user = users === '' || users === link.from.name ? '' : ` (user name ${users})`
  return (summary, end = describeEnd(summary)) =>
    sentences(
      `${logsOf(...sides)}: ${formatOccurrences(summary, ...occurrenceOf(cause))}${user}`,
      ...way.sentences,
      end,
      lastSuccess(link, summary),
      others === true && UNREACHED.has(cause) ? 'other clients were answered at the same time' : '',
    )
}

/** The last successful poll before an ongoing problem; '' if the problem has recovered or later polls succeeded. */
function lastSuccess({ views }: NetworkLink, { first, recoveredAt }: ProblemSummary): string {
  const seen = views.filter(({ view }) => !Number.isNaN(view.lastOk))
  const [latest] = seen.toSorted((a, b) => b.view.lastOk - a.view.lastOk)
  if (latest === undefined) return 'no log shows a successful poll'
  const { side, view } = latest
  return Number.isNaN(recoveredAt) && view.lastOk < first
    ? `last successful poll: ${formatTime(view.lastOk)} (${logsOf(side)})`
    : ''
}

/** 502, 503 and 504 in the log of a load balancer: one finding for all clients behind it. */
function findLoadBalancerFailures(context: DiagnosisContext, link: NetworkLink): void {
  const own = context.network.loadBalancers.filter((log) => link.from.logs.includes(log))
  const all = buildSideView(own.map((log) => sideSource(log.facts.link, log)))
  for (const cause of LOAD_BALANCER_CAUSES) {
    const seen = all?.problems.get(cause)
    const perClient = context.found.filter(
      (finding) => finding.cause === cause && finding.link?.kind === 'poll',
    )
    if (seen === undefined) continue
    const problem = copyOf(seen)
    // A log that ends too early does not show the end, but clients behind the load balancer may.
    const clients = perClient
      .map(({ recoveredAt }) => recoveredAt)
      .filter((at) => !(at <= problem.last))
    if (Number.isNaN(problem.recoveredAt) && clients.length > 0)
      endAt(problem, Math.max(...clients))
    const buildWhy = (summary: ProblemSummary, end = describeEnd(summary)): string =>
      sentences(
        `load balancer log: ${formatCount(summary.count, 'request')} answered with ${cause.slice(-3)} by the load balancer itself ${formatTimes(summary.first, summary.last)}`,
        end,
      )
    const finding = rawFinding({
      ...fromProblem(problem),
      subject: link.from.name,
      link,
      partyName: link.from.name,
      why: buildWhy(problem),
      buildWhy,
    })
    for (const other of perClient) {
      if (foldInto([finding], other, context.network))
        context.found.splice(context.found.indexOf(other), 1)
    }
    context.found.push(finding)
  }
}
