import type { Cause } from '../document/cause.ts'
import type { NetLink } from '../exchange/topology.ts'
import type { PlacedAccount, PlacedProblem } from '../timeline/placed-account.ts'
import { addProblem, okAfter, placeAccounts } from '../timeline/placed-account.ts'
import { partOf } from '../exchange/topology.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { CAUSE_CATALOGUE } from './cause-catalogue.ts'
import { againWords, draft, fromProblem, overlapShare } from './finding-draft.ts'
import type { FindingDraft } from './finding-draft.ts'
import { clockWord, countWord, detailWords, thousands } from './words.ts'

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
  'hub-error',
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
const MOST_STOPS = 5
/** The client saw no hub at all; which of these can be the hub's fault is decided by how the others fare. */
const UNREACHED: readonly Cause[] = ['connection-refused', 'connect-timeout', 'name-resolution']

/** One finding per cause and link, client, balancer and hub together. */
export function findPollFailures(context: DiagnosisContext): void {
  for (const link of pollLinksOf(context)) {
    for (const problem of problemsOf(link)) {
      if (POLL_CAUSES.has(problem.cause)) context.found.push(pollFailure(context, link, problem))
    }
    waitedAndLeft(context, link)
  }
  for (const link of context.topology.links.filter(({ kind }) => kind === 'balancer'))
    balancerFailures(context, link)
}

/** A client that waited in vain is seen to leave by the balancer: one thing, told by two sides. */
function waitedAndLeft({ found }: DiagnosisContext, link: NetLink): void {
  const own = found.filter((finding) => finding.link === link)
  const waited = own.find(({ cause }) => cause === 'read-timeout')
  const left = own.find(({ cause }) => cause === 'client-left')
  if (waited === undefined || left === undefined) return
  if (overlapShare(left.episodes, waited.episodes, 30_000) < 0.5) return
  absorb(waited, left)
  found.splice(found.indexOf(left), 1)
}

/** The problems of all sides; what only names a status is added to what names the reason. */
function problemsOf(link: NetLink): PlacedProblem[] {
  const merged = new Map<Cause, PlacedProblem>()
  const add = (cause: Cause, problem: PlacedProblem): void => {
    const known = merged.get(cause)
    const own = {
      ...problem,
      cause,
      details: new Map(problem.details),
      episodes: [...problem.episodes],
    }
    if (known === undefined) merged.set(cause, own)
    else {
      // Both sides count the same polls.
      const count = Math.max(known.count, own.count)
      addProblem(known, own)
      known.count = count
    }
  }
  for (const side of ['hub', 'client', 'balancer'] as const) {
    for (const [cause, problem] of viewOf(link, side)?.problems ?? []) {
      add(cause === 'auth-refused' ? (specificAuth(merged, problem) ?? cause) : cause, problem)
    }
  }
  return [...merged.values()]
}

/** The hub's reason for the 401s a client saw. */
function specificAuth(
  merged: ReadonlyMap<Cause, PlacedProblem>,
  problem: PlacedProblem,
): Cause | undefined {
  const reasons = SPECIFIC_AUTH.flatMap((cause) => merged.get(cause) ?? [])
  const near = reasons.filter(
    ({ first, last }) => last >= problem.first - 120_000 && first <= problem.last + 120_000,
  )
  return near.toSorted((a, b) => b.count - a.count)[0]?.cause
}

function pollFailure(
  context: DiagnosisContext,
  link: NetLink,
  problem: PlacedProblem,
): FindingDraft {
  const recovered = recoveryOf(link, problem)
  const base = fromProblem({ ...problem, recoveredAt: recovered })
  const others = othersFine(context, link, problem)
  const finding = draft({
    ...base,
    subject: link.from.name,
    link,
    partyName: link.from.name,
    why: whyOf(link, problem, recovered, others),
    confidence: confidenceOf(problem, others),
  })
  const party = partyOf(problem.cause, others, link)
  if (party !== undefined) finding.party = party
  if (
    finding.party === 'hub' ||
    (finding.party === undefined && CAUSE_CATALOGUE[problem.cause].party === 'hub')
  ) {
    finding.partyName = link.to.name
  }
  if ((finding.party ?? CAUSE_CATALOGUE[problem.cause].party) === 'network')
    finding.partyName = null
  if (problem.cause === 'auth-no-credentials' && problem.count <= 2 && !Number.isNaN(recovered))
    finding.severity = 'warning'
  if (problem.cause === 'client-left' && isStop(link)) {
    finding.severity = 'info'
    finding.status = 'observed'
  }
  return finding
}

/** Whoever holds a poll and is stopped leaves it once; a client that does not wait long enough leaves one after the other. */
function isStop({ views }: NetLink): boolean {
  const seen = views.flatMap(({ account }) => account.problems.get('client-left') ?? [])
  return seen.every(
    ({ count, episodes }) => count <= MOST_STOPS && episodes.every((one) => one.count === 1),
  )
}

/** The first success after the last sign of the problem, on whatever side it was seen; NaN while there is none. */
export function recoveryOf(link: NetLink, problem: PlacedProblem): number {
  // Whose answers get lost is served, as the hub sees it, all the time.
  const own =
    problem.cause === 'read-timeout' && viewOf(link, 'client')?.problems.has(problem.cause)
  const sides = own === true ? ['client'] : ['client', 'hub', 'balancer']
  const parts = link.views
    .filter(({ side }) => sides.includes(side))
    .flatMap(({ account }) => account.parts)
  const after = okAfter(parts, problem.last + 500)
  return problem.recoveredAt > problem.last && after > 0 ? problem.recoveredAt : after
}

/** Whether other clients were answered while this one was not; undefined if that cannot be seen. */
function othersFine(
  context: DiagnosisContext,
  link: NetLink,
  problem: PlacedProblem,
): boolean | undefined {
  const others = pollLinksOf(context).filter((other) => other !== link && other.hub === link.hub)
  const seen = others
    .flatMap(({ views }) => views.map(({ account }) => account))
    .filter(({ ok }) => ok > 0)
  if (seen.length === 0) return undefined
  return seen.some((account) => workedDuring(account, problem.first, problem.last))
}

function workedDuring(account: PlacedAccount, from: number, to: number): boolean {
  if (account.first > to || account.lastOk < from) return false
  const down = account.gaps.some(
    (gap) => gap.to - gap.from > 30_000 && gap.from <= from + 10_000 && gap.to >= to - 10_000,
  )
  return !down && account.lastOk >= Math.min(to, account.last) - 60_000
}

function partyOf(
  cause: Cause,
  others: boolean | undefined,
  link: NetLink,
): FindingDraft['party'] | undefined {
  if (cause === 'connection-refused' && others === true) return 'network'
  if (cause === 'name-resolution' && others === false) return 'hub'
  // Nobody waits for ever for a hub that is slow.
  if (cause === 'client-left' && viewOf(link, 'hub')?.problems.has('slow') === true) return 'hub'
  if (cause === 'read-timeout' && link.hub !== undefined && others === true) {
    const hub = viewOf(link, 'hub')
    // The hub answered fast: the answer got lost on the way.
    if (hub !== undefined && hub.latency.count > 10 && hub.latency.quantile(0.95) < 5_000)
      return 'network'
  }
  return undefined
}

function confidenceOf(
  problem: PlacedProblem,
  others: boolean | undefined,
): FindingDraft['confidence'] {
  if (problem.cause === 'auth-refused' || problem.cause === 'read-timeout') return 'likely'
  // An expired certificate of the hub would be everybody's.
  if ((problem.cause === 'tls-expired' || problem.cause === 'tls-wrong-name') && others === true)
    return 'likely'
  return 'certain'
}

function whyOf(
  link: NetLink,
  problem: PlacedProblem,
  recovered: number,
  others: boolean | undefined,
): string {
  const over = !Number.isNaN(recovered)
  const seen = `${countWord(problem.count, 'failed poll')} from ${clockWord(problem.first)} to ${clockWord(problem.last)}`
  const names = detailWords(problem.details)
  const who = names !== '' && names !== link.from.name ? ` (as ${names})` : ''
  const before = okBefore(link, problem)
  const context = [
    before > 0 ? `${countWord(before, 'poll')} were answered otherwise` : 'no poll was answered',
    others === true && UNREACHED.includes(problem.cause)
      ? 'other clients were answered at the same time'
      : '',
    over ? againWords({ ...problem, recoveredAt: recovered }) : 'still so when the evidence ends',
  ].filter(Boolean)
  return `${seen}${who}; ${context.join('; ')}.`
}

function okBefore(link: NetLink, _problem: PlacedProblem): number {
  return Math.max(0, ...link.views.map(({ account }) => account.ok))
}

/** 502, 503 and 504 of a balancer whose log is there: one finding for all clients behind it. */
function balancerFailures(context: DiagnosisContext, link: NetLink): void {
  const accounts = context.network.balancers.filter((told) => link.from.told.includes(told))
  const all = placeAccounts(accounts.map((told) => partOf(told.facts.link, told)))
  for (const cause of BALANCER_CAUSES) {
    const problem = all?.problems.get(cause)
    const perClient = context.found.filter(
      (finding) => finding.cause === cause && finding.link?.kind === 'poll',
    )
    if (problem === undefined) continue
    const recovered =
      all !== undefined && all.lastOk > problem.last
        ? problem.recoveredAt || all.lastOk
        : Number.NaN
    const finding = draft({
      ...fromProblem({ ...problem, recoveredAt: recovered }),
      subject: link.from.name,
      link,
      partyName: link.from.name,
      why: `${thousands(problem.count)} requests were answered by the balancer itself from ${clockWord(problem.first)} to ${clockWord(problem.last)}${Number.isNaN(recovered) ? '' : `; requests pass again since ${clockWord(recovered)}`}.`,
    })
    for (const other of perClient) {
      if (other.last < problem.first - 120_000 || other.first > problem.last + 120_000) continue
      absorb(finding, other)
      context.found.splice(context.found.indexOf(other), 1)
    }
    context.found.push(finding)
  }
}

/** Takes over the lines of a finding that is a consequence, and remembers whom it hit. */
export function absorb(root: FindingDraft, consequence: FindingDraft): void {
  for (const cause of [consequence.cause, ...consequence.absorbed]) root.absorbed.add(cause)
  if (consequence.link !== undefined && consequence.link !== root.link)
    root.affects.add(consequence.link.id)
  for (const id of consequence.affects) root.affects.add(id)
  root.evidence = [...root.evidence, ...consequence.evidence.slice(0, 2)]
}
