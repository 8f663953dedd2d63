import type { Cause } from '../document/cause.ts'
import type { Hub } from '../exchange/network.ts'
import { partOf } from '../exchange/topology.ts'
import type { NetLink } from '../exchange/topology.ts'
import { FETCHED } from '../formats/expired-tasks.ts'
import { HOUR } from '../read/timestamps.ts'
import { addProblem, moved, placeAccounts, placeProblem } from '../timeline/placed-account.ts'
import type { PlacedAccount } from '../timeline/placed-account.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { draft, endOf, fromProblem } from './finding-draft.ts'
import type { FindingDraft } from './finding-draft.ts'
import { TASK_TIME_MS } from './limits.ts'
import { absorb } from './consequences.ts'
import { clockWord, countWord, detailWords, spanWord } from './words.ts'

/** Tasks that got no answer, got it too late, or whose result did not get upstream. */
export function findTaskTrouble(context: DiagnosisContext): void {
  for (const link of pollLinksOf(context)) {
    for (const cause of ['task-answered-late', 'task-not-answerable', 'answer-rejected'] as const) {
      accountTrouble(context, link, cause)
    }
    if (link.hub !== undefined) {
      withoutAnswer(context, link, link.hub)
      offeredAgain(context, link)
    }
    givenUp(context, link)
  }
  for (const hub of context.network.hubs) {
    expiredForSomebody(context, hub)
    submissions(context, hub)
  }
}

/** Tasks whose deadline passed without this client's answer, or that it took long before the log ends. */
function withoutAnswer(context: DiagnosisContext, link: NetLink, hub: Hub): void {
  const view = viewOf(link, 'hub')
  if (view === undefined) return
  const expired = view.problems.get('task-not-answered')
  if (expired === undefined) overdue(context, link, hub, view)
  else if (tellsWho(hub)) {
    const fetched = expired.details.get(FETCHED) ?? 0
    const all = fetched === expired.count
    const taken = fetched === 0 ? 'it fetched none of them' : all ? '' : `it fetched ${fetched}`
    const finding = draft({
      ...fromProblem(expired),
      subject: link.from.name,
      link,
      confidence: namesMissing(hub) ? 'certain' : 'likely',
      partyName: link.from.name,
      why: [
        `${countWord(expired.count, 'task')}${all ? ' it had fetched' : ''} reached the deadline without its answer, from ${clockWord(expired.first)} to ${clockWord(expired.last)}`,
        taken,
        Number.isNaN(expired.recoveredAt)
          ? 'it has answered none since'
          : `it answers again since ${clockWord(expired.recoveredAt)}`,
      ]
        .filter(Boolean)
        .join('; ')
        .concat('.'),
    })
    explainOrAdd(context, finding, (other) => isAbout(other, link))
  }
}

/** Handed out so long ago that an answer should have come; the log says nothing of deadlines. */
function overdue(context: DiagnosisContext, link: NetLink, hub: Hub, view: PlacedAccount): void {
  // Distributions may take hours: only when the hub had other tasks is the short limit right.
  const patience = onlyDistributions(hub) ? 2 * HOUR : TASK_TIME_MS
  const waiting = (link.poll?.hubClients ?? []).flatMap(({ client, told }) =>
    client.waiting
      .map((time) => ({ time: time + told.shift, line: client.waitingLine, shift: told.shift }))
      .filter(({ time }) => hub.last - time > patience),
  )
  const missing = Math.min(waiting.length, view.tasks - view.answers - view.lateAnswers)
  if (missing <= 0) return
  const first = Math.min(...waiting.map(({ time }) => time))
  const last = Math.max(...waiting.map(({ time }) => time))
  const lines = waiting.flatMap(({ line, shift }) =>
    line === undefined ? [] : [moved(line, shift)],
  )
  const finding = draft({
    cause: 'task-not-answered',
    severity: 'error',
    status: 'observed',
    subject: link.from.name,
    link,
    first,
    last,
    count: missing,
    episodes: [{ from: first, to: hub.last, count: missing, recoveredAt: Number.NaN }],
    confidence: 'likely',
    partyName: link.from.name,
    evidence: lines.slice(0, 1),
    why: `${countWord(view.tasks, 'task')} handed out to ${link.from.name}, ${countWord(view.answers + view.lateAnswers, 'answer')} came back; the one of ${clockWord(first)} was still open ${spanWord(hub.last - first)} later, when the hub’s log ends.`,
  })
  explainOrAdd(context, finding, (other) => isAbout(other, link))
}

/** The client's own log shows results that it tried to post, and then no more. */
function givenUp(context: DiagnosisContext, link: NetLink): void {
  const problem = viewOf(link, 'client')?.problems.get('task-not-answered')
  if (problem === undefined) return
  const known = context.found.find(
    ({ cause, link: other }) => cause === 'task-not-answered' && other === link,
  )
  if (known !== undefined) {
    known.evidence.push(...problem.evidence.slice(0, 1))
    return
  }
  const finding = draft({
    ...fromProblem(problem),
    severity: 'warning',
    status: 'observed',
    recoveredAt: Number.NaN,
    subject: link.from.name,
    link,
    partyName: link.from.name,
    why: `${countWord(problem.count, 'result')} could not be posted and ${problem.count === 1 ? 'was' : 'were'} given up after the last attempt, from ${clockWord(problem.first)} to ${clockWord(problem.last)}.`,
  })
  explainOrAdd(context, finding, (other) => isAbout(other, link))
}

/** Replicas see half of what a client does each: they tell who did not answer only where their lines name it. */
function tellsWho(hub: Hub): boolean {
  return hub.told.length === 1 || namesMissing(hub)
}

function namesMissing({ told }: Hub): boolean {
  return told.every(({ facts }) => facts.namesMissing)
}

/** Lent, not answered in time, and lent once more: nothing is lost as long as the answer comes then. */
function offeredAgain(context: DiagnosisContext, link: NetLink): void {
  const problem = viewOf(link, 'hub')?.problems.get('task-offered-again')
  if (problem === undefined) return
  const over = !Number.isNaN(problem.recoveredAt)
  const finding = draft({
    ...fromProblem(problem),
    severity: over ? 'info' : 'warning',
    status: over ? 'recovered' : 'observed',
    subject: link.from.name,
    link,
    partyName: link.from.name,
    why: `${countWord(problem.count, 'task')} came back to the hub unanswered from ${clockWord(problem.first)} to ${clockWord(problem.last)}${over ? `, and ${problem.count === 1 ? 'was' : 'were'} offered again; an answer came at ${clockWord(problem.recoveredAt)}` : '; no answer has come since'}.`,
  })
  const worse = context.found.find(
    ({ cause, link: other, last }) =>
      cause === 'task-not-answered' && other === link && last >= problem.first,
  )
  if (over) context.found.push(finding)
  else if (worse !== undefined) absorb(worse, finding)
  else explainOrAdd(context, finding, (other) => isAbout(other, link))
}

function onlyDistributions(hub: Hub): boolean {
  const kinds = hub.told.flatMap(({ facts }) =>
    facts.tasks.records.map(({ kind }) => kind.toLowerCase()),
  )
  return (
    kinds.length > 0 &&
    kinds.every((kind) => kind.includes('analysis') || kind.includes('distribution'))
  )
}

function accountTrouble(
  context: DiagnosisContext,
  link: NetLink,
  cause: 'task-answered-late' | 'task-not-answerable' | 'answer-rejected',
): void {
  const other = viewOf(link, 'client')?.problems.get(cause)
  const problem = viewOf(link, 'hub')?.problems.get(cause) ?? other
  if (problem === undefined) return
  // The client alone knows why; the hub gets a status.
  const details = detailWords(problem.details.size > 0 ? problem.details : (other?.details ?? NONE))
  const finding = draft({
    ...fromProblem(problem),
    severity: 'warning',
    status: 'observed',
    recoveredAt: Number.NaN,
    cause,
    subject: link.from.name,
    link,
    partyName: link.from.name,
    evidence: [
      ...problem.evidence,
      ...(other === undefined || other === problem ? [] : other.evidence),
    ],
    why: `${countWord(problem.count, 'time')} between ${clockWord(problem.first)} and ${clockWord(problem.last)}${details === '' ? '' : ` (${details})`}.`,
  })
  if (cause !== 'task-not-answerable') context.found.push(finding)
  else
    explainOrAdd(
      context,
      finding,
      (root) => root.cause === 'cdm-failing' && root.link?.from === link.from,
    )
}

const NONE: ReadonlyMap<string, number> = new Map()

/** Tasks reached their deadline, and the log does not let tell whose answer they lacked. */
function expiredForSomebody(context: DiagnosisContext, hub: Hub): void {
  const parts = hub.told.flatMap(({ facts, shift }) => {
    const named = facts.clients.all().flatMap(({ account }) => {
      return account.problems.get('task-not-answered') ?? []
    })
    return [facts.expiredForSomebody, ...(tellsWho(hub) ? [] : named)]
      .filter(({ count }) => count > 0)
      .map((problem) => placeProblem('task-not-answered', problem, shift))
  })
  const [problem, ...others] = parts
  if (problem === undefined) return
  for (const other of others) addProblem(problem, other)
  const links = pollLinksOf(context).filter((link) => link.hub === hub)
  const finding = draft({
    ...fromProblem(problem),
    subject: `a client of ${hub.name}`,
    component: context.topology.parts.find(({ told }) => told.some((one) => one === hub.told[0])),
    confidence: 'possible',
    why: `${countWord(problem.count, 'task')} reached the deadline before every client had answered, from ${clockWord(problem.first)} to ${clockWord(problem.last)}; the log does not say who was missing${Number.isNaN(problem.recoveredAt) ? '' : `. Later tasks were answered by all, since ${clockWord(problem.recoveredAt)}`}.`,
    next: ['Compare the tasks handed out to each client with its answers at that time.'],
  })
  explainOrAdd(context, finding, (other) => links.some((link) => isAbout(other, link)))
}

/** What keeps a client from answering, whatever of it was found. */
function isAbout(finding: FindingDraft, link: NetLink): boolean {
  if (EXPLAINS_NOTHING.has(finding.cause) || finding.severity === 'info') return false
  return (
    finding.link === link ||
    finding.affects.has(link.id) ||
    (HUB_CAUSES.has(finding.cause) && concernsHub(finding, link))
  )
}

/** The hub itself, its database or its broker failed: that hits all its clients. */
function concernsHub({ link, component }: FindingDraft, { hub, to }: NetLink): boolean {
  return (link?.hub !== undefined && link.hub === hub) || component === to
}

const HUB_CAUSES: ReadonlySet<Cause> = new Set<Cause>([
  'hub-restarted',
  'hub-stalled',
  'hub-error',
  'database-failing',
  'broker-stopped',
  'broker-refused',
  'broker-auth-failed',
  'broker-connection-lost',
  'broker-heartbeat-lost',
  'broker-resource-alarm',
])

/** Beside these a client may work as it should, or they are themselves about tasks without an answer. */
const EXPLAINS_NOTHING: ReadonlySet<Cause> = new Set<Cause>([
  'task-not-answered',
  'task-offered-again',
  'two-instances',
  'unlisted-client',
  'hammering',
  'clock-skew',
  'log-gap',
  'source-ended-early',
  'unreadable-lines',
])

/** Adds a finding unless all of it is a consequence of others: then the first of these takes it in. */
function explainOrAdd(
  context: DiagnosisContext,
  finding: FindingDraft,
  mayExplain: (other: FindingDraft) => boolean,
): void {
  const roots = context.found.filter(mayExplain)
  const causes = finding.episodes.map(({ from, to }) =>
    roots.find((root) => overlaps(root, from - TASK_TIME_MS, to)),
  )
  const [root] = causes
  if (root === undefined || causes.includes(undefined)) context.found.push(finding)
  else absorb(root, finding)
}

function overlaps(root: FindingDraft, from: number, to: number): boolean {
  const stretches =
    root.episodes.length > 0
      ? root.episodes.map((episode) => ({ from: episode.from, to: endOf(episode) }))
      : [{ from: root.first, to: root.last }]
  return stretches.some((stretch) => stretch.from <= to && stretch.to >= from)
}

function submissions(context: DiagnosisContext, hub: Hub): void {
  const account = placeAccounts(hub.told.map((told) => partOf(told.facts.submissions, told)))
  const problem = account?.problems.get('submission-failing')
  if (account === undefined || problem === undefined) return
  const records = hub.told.flatMap(({ facts }) => facts.tasks.records)
  const failed = records.filter((record) => record.seen.has('submission-failed'))
  const lost = failed.filter((record) => !record.seen.has('submitted'))
  const over = account.lastOk > problem.last
  const link = context.topology.links.find((one) => one.kind === 'upstream' && one.hub === hub)
  const details = detailWords(problem.details)
  context.found.push(
    draft({
      ...fromProblem(problem),
      severity: over ? 'warning' : 'error',
      status: over ? 'recovered' : 'ongoing',
      recoveredAt: over ? account.lastOk : Number.NaN,
      subject: hub.name,
      link,
      partyName: link?.to.name ?? null,
      why: `${countWord(problem.count, 'failed attempt')} from ${clockWord(problem.first)} to ${clockWord(problem.last)}${details === '' ? '' : ` (${details})`}; ${outcomeWords(over, lost.length, account.lastOk)}.`,
    }),
  )
}

function outcomeWords(over: boolean, lost: number, lastOk: number): string {
  const missing =
    lost === 0 ? '' : `${countWord(lost, 'result')} never reached the upstream in this window`
  if (!over) return missing || 'no result was taken since'
  const again = `results are taken again, the last at ${clockWord(lastOk)}`
  return missing === '' ? again : `${again}, but ${missing}`
}
