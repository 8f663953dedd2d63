import type { Cause } from '../document/cause.ts'
import type { NetworkLink } from '../exchange/topology.ts'
import { sideSource } from '../exchange/poll-links.ts'
import type { Period } from '../facts/problem-history.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import {
  addProblem,
  addSide,
  copyOf,
  endAt,
  exchangesWithin,
  okAfter,
  onlyPeriods,
  buildSideView,
  smallest,
} from '../timeline/side-view.ts'
import type { SideView, PlacedProblem, ProblemSummary } from '../timeline/side-view.ts'
import { CAUSE_CATALOGUE } from './cause-catalogue.ts'
import { foldInto } from './consequences.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { againWords, rawFinding, fromProblem } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { formatTime, formatCount, formatDetails, formatNumber } from './figures.ts'

/** Causes that are the outcome of a poll; everything else an account holds has a detector of its own. */
const POLL_CAUSES: ReadonlySet<Cause> = new Set<Cause>([
  'name-resolution',
  'connection-refused',
  'connect-timeout',
  'read-timeout',
  'connection-closed',
  'tls-expired',
  'tls-untrusted',
  'tls-wrong-name',
  'tls-failed',
  'auth-unknown-user',
  'auth-wrong-password',
  'auth-wrong-collection',
  'auth-no-credentials',
  'auth-refused',
  'wrong-address',
  'access-forbidden',
  'rate-limited',
  'not-a-task-api',
  'proxy-502',
  'proxy-503',
  'proxy-504',
  'proxy-authentication',
  'client-left',
  'relay-error',
  'unexplained-errors',
])
const SPECIFIC_AUTH: readonly Cause[] = [
  'auth-wrong-password',
  'auth-unknown-user',
  'auth-wrong-collection',
  'auth-no-credentials',
  'rate-limited',
]
/** The balancer's own answers: shared by everybody behind it. */
const BALANCER_CAUSES: readonly Cause[] = ['proxy-502', 'proxy-503', 'proxy-504']
/** A client that left its poll more often in a window was not just stopped and started. */
const MAX_STOPS = 5
/** Sides of a link on the way of an answer. */
const SIDES = ['relay', 'load-balancer', 'client'] as const
type PollSide = (typeof SIDES)[number]
/** Two sides tell of one poll at times that far apart, ms. */
const CLOCK_ROOM_MS = 2 * SECOND
/** Requests did not get as far as the relay: that it hears of the client again is proof. */
const BEFORE_THE_RELAY: ReadonlySet<Cause> = new Set<Cause>([
  'name-resolution',
  'connection-refused',
  'connect-timeout',
  'tls-expired',
  'tls-untrusted',
  'tls-wrong-name',
  'tls-failed',
  'proxy-authentication',
  'proxy-503',
  'access-forbidden',
  'not-a-task-api',
  'wrong-address',
])
/** The client saw no relay at all; which of these can be the relay's fault is decided by how the others fare. */
const UNREACHED: readonly Cause[] = ['connection-refused', 'connect-timeout', 'name-resolution']

/** One finding per cause and link, client, balancer and relay together. */
export function findPollFailures(context: DiagnosisContext): void {
  for (const link of pollLinksOf(context)) {
    for (const problem of problemsOf(link)) {
      if (POLL_CAUSES.has(problem.cause)) context.found.push(pollFailure(context, link, problem))
    }
    waitedAndLeft(context, link)
  }
  for (const link of context.topology.links.filter(({ kind }) => kind === 'load-balancer'))
    balancerFailures(context, link)
}

/** A client that waited in vain is seen to leave by the balancer: one thing, told by two sides. */
function waitedAndLeft({ found, network }: DiagnosisContext, link: NetworkLink): void {
  const own = found.filter((finding) => finding.link === link)
  const waited = own.filter(({ cause }) => cause === 'read-timeout')
  const left = own.find(({ cause }) => cause === 'client-left')
  if (left !== undefined && foldInto(waited, left, network)) found.splice(found.indexOf(left), 1)
}

/** The problems of a link, each with all who saw it as one. */
function problemsOf(link: NetworkLink): PlacedProblem[] {
  return [...seenProblems(link)].flatMap(([, seen]) => {
    const [first, ...others] = seen.values()
    if (first === undefined) return []
    const problem = copyOf(first)
    for (const other of others) addSide(problem, other)
    endAt(problem, recoveryOf(link, seen))
    return [problem]
  })
}

/** Who saw which problem. What only names a status goes to what names the reason. */
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

/** The relay's reason for a 401, or its own 5xx, that a client or a balancer saw during a stretch. */
function reasonOf(link: NetworkLink, { cause }: PlacedProblem, period: Period): Cause {
  const reasons =
    cause === 'auth-refused'
      ? SPECIFIC_AUTH
      : BALANCER_CAUSES.includes(cause) && answers(link, Number(cause.slice(-3)))
        ? (['relay-error'] as const)
        : []
  const problems = viewOf(link, 'relay')?.problems
  const near = reasons.flatMap((reason) => {
    const shared = (problems?.get(reason)?.periods ?? []).filter(({ from, to }) => {
      return to >= period.from - 2 * MINUTE && from <= period.to + 2 * MINUTE
    })
    const count = shared.reduce((sum, one) => sum + one.count, 0)
    return count === 0 ? [] : [{ reason, count }]
  })
  return near.toSorted((a, b) => b.count - a.count)[0]?.reason ?? cause
}

/** The relay itself gave answers of this status. */
function answers(link: NetworkLink, status: number): boolean {
  return (viewOf(link, 'relay')?.statuses.get(status) ?? 0) > 0
}

function pollFailure(
  context: DiagnosisContext,
  link: NetworkLink,
  problem: PlacedProblem,
): RawFinding {
  const others = otherClientsAnswered(context, link, problem)
  const buildWhy = (trouble: ProblemSummary): string =>
    whyOf(link, { ...problem, ...trouble }, others)
  const finding = rawFinding({
    ...fromProblem(problem),
    subject: link.from.name,
    link,
    partyName: link.from.name,
    why: buildWhy(problem),
    buildWhy,
    confidence: confidenceOf(problem, others),
  })
  const party = partyOf(problem.cause, others, link)
  if (party !== undefined) finding.party = party
  const acting = finding.party ?? CAUSE_CATALOGUE[problem.cause].party
  if (acting === 'hub') finding.partyName = link.to.name
  if (acting === 'network') finding.partyName = null
  if (problem.cause === 'client-left' && isStop(link)) {
    finding.severity = 'info'
    finding.status = 'observed'
  }
  return finding
}

/** Whoever holds a poll and is stopped leaves it once; a client that does not wait long enough leaves one after the other. */
function isStop({ views }: NetworkLink): boolean {
  const seen = views.flatMap(({ view }) => view.problems.get('client-left') ?? [])
  return seen.every(
    ({ count, periods }) => count <= MAX_STOPS && periods.every((one) => one.count === 1),
  )
}

/** When it was over for all who saw it; NaN while it is not. */
function recoveryOf(link: NetworkLink, seen: ReadonlyMap<PollSide, PlacedProblem>): number {
  return Math.max(...[...seen].map(([side, problem]) => endOn(link, side, problem)))
}

/**
 * The first success that shows a side's trouble to be over: its own, or that of a side nearer to the client, since what the client
 * got has passed them all. One further away saw answers go out and cannot say that they arrived; it speaks for the client only
 * where requests did not get as far, and it missed the client as well.
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

/** When a side heard of the client again after a problem for which it had missed it. */
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

/** Whether other clients were answered while this one was not; undefined if that cannot be seen. */
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
  // In long logs counts are not kept for so short a time: then who was heard of went on working.
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
  // Nobody waits for ever for a relay that is slow.
  if (cause === 'client-left' && viewOf(link, 'relay')?.problems.has('slow') === true) return 'hub'
  if (cause === 'read-timeout' && link.relay !== undefined && others === true) {
    const relay = viewOf(link, 'relay')
    // The relay answered fast: the answer got lost on the way.
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
  // An expired certificate of the relay would be everybody's.
  if ((problem.cause === 'tls-expired' || problem.cause === 'tls-wrong-name') && others === true)
    return 'likely'
  return 'certain'
}

function whyOf(link: NetworkLink, problem: PlacedProblem, others: boolean | undefined): string {
  const { recoveredAt } = problem
  const seen = `${formatCount(problem.count, 'failed poll')} from ${formatTime(problem.first)} to ${formatTime(problem.last)}`
  const names = formatDetails(problem.details)
  const who = names !== '' && names !== link.from.name ? ` (as ${names})` : ''
  const answered = Math.max(0, ...link.views.map(({ view }) => view.ok))
  const context = [
    answered > 0
      ? `${formatCount(answered, 'other poll')} ${answered === 1 ? 'was' : 'were'} answered`
      : 'no poll was answered',
    others === true && UNREACHED.includes(problem.cause)
      ? 'other clients were answered at the same time'
      : '',
    Number.isNaN(recoveredAt) ? 'still so when the evidence ends' : againWords(problem),
  ].filter(Boolean)
  return `${seen}${who}; ${context.join('; ')}.`
}

/** 502, 503 and 504 of a balancer whose log is there: one finding for all clients behind it. */
function balancerFailures(context: DiagnosisContext, link: NetworkLink): void {
  const logs = context.network.loadBalancers.filter((log) => link.from.logs.includes(log))
  const all = buildSideView(logs.map((log) => sideSource(log.facts.link, log)))
  for (const cause of BALANCER_CAUSES) {
    const seen = all?.problems.get(cause)
    const perClient = context.found.filter(
      (finding) => finding.cause === cause && finding.link?.kind === 'poll',
    )
    if (seen === undefined) continue
    const problem = copyOf(seen)
    // A log that ends too early does not show the end, but clients behind it may.
    const clients = perClient
      .map(({ recoveredAt }) => recoveredAt)
      .filter((at) => !(at <= problem.last))
    if (Number.isNaN(problem.recoveredAt) && clients.length > 0)
      endAt(problem, Math.max(...clients))
    const finding = rawFinding({
      ...fromProblem(problem),
      subject: link.from.name,
      link,
      partyName: link.from.name,
      why: balancerWords(problem),
      buildWhy: balancerWords,
    })
    for (const other of perClient) {
      if (foldInto([finding], other, context.network))
        context.found.splice(context.found.indexOf(other), 1)
    }
    context.found.push(finding)
  }
}

function balancerWords({ count, first, last, recoveredAt }: ProblemSummary): string {
  const over = Number.isNaN(recoveredAt)
    ? ''
    : `; requests pass again since ${formatTime(recoveredAt)}`
  return `${formatNumber(count)} requests were answered by the balancer itself from ${formatTime(first)} to ${formatTime(last)}${over}.`
}
