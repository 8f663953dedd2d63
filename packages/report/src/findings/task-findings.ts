import type { Relay } from '../exchange/network.ts'
import { sideSource } from '../exchange/poll-links.ts'
import type { NetworkLink } from '../exchange/topology.ts'
import { FETCHED } from '../formats/expired-tasks.ts'
import { HOUR } from '../read/timestamps.ts'
import { addProblem, largest, shifted, buildSideView, placeProblem } from '../timeline/side-view.ts'
import type { SideView } from '../timeline/side-view.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, fromProblem } from './raw-finding.ts'
import { TASK_TIME_MS } from './limits.ts'
import { absorb } from './consequences.ts'
import { explainOrAdd, hits, blocksAnswers } from './task-causes.ts'
import { formatTime, formatCount, formatDetails, formatDuration } from './figures.ts'

/** Tasks that got no answer, got it too late, or whose result did not get upstream. */
export function findTaskFailures(context: DiagnosisContext): void {
  for (const link of pollLinksOf(context)) {
    for (const cause of ['task-answered-late', 'task-not-answerable', 'result-rejected'] as const) {
      addTaskFinding(context, link, cause)
    }
    if (link.relay !== undefined) {
      findUnanswered(context, link, link.relay)
      findHandedOutAgain(context, link)
    }
    findLostResults(context, link)
  }
  for (const relay of context.network.relays) {
    expiredForUnknownClient(context, relay)
    submissions(context, relay)
  }
}

/** Tasks whose deadline passed without this client's answer, or that it took long before the log ends. */
function findUnanswered(context: DiagnosisContext, link: NetworkLink, relay: Relay): void {
  const view = viewOf(link, 'relay')
  if (view === undefined) return
  const expired = view.problems.get('task-not-answered')
  if (expired === undefined) overdue(context, link, relay, view)
  else if (namesClients(relay)) {
    const fetched = expired.details.get(FETCHED) ?? 0
    const all = fetched === expired.count
    const taken = fetched === 0 ? 'it fetched none of them' : all ? '' : `it fetched ${fetched}`
    const finding = rawFinding({
      ...fromProblem(expired),
      subject: link.from.name,
      link,
      confidence: namesMissing(relay) ? 'certain' : 'likely',
      partyName: link.from.name,
      why: [
        `${formatCount(expired.count, 'task')}${all ? ' it had fetched' : ''} reached the deadline without its answer${spanOf(expired)}`,
        taken,
        Number.isNaN(expired.recoveredAt)
          ? 'it has answered none since'
          : `it answers again since ${formatTime(expired.recoveredAt)}`,
      ]
        .filter(Boolean)
        .join('; ')
        .concat('.'),
    })
    explainOrAdd(context, finding, (other) => blocksAnswers(other, link))
  }
}

/** Handed out so long ago that an answer should have come; the log says nothing of deadlines. */
function overdue(context: DiagnosisContext, link: NetworkLink, relay: Relay, view: SideView): void {
  // Distributions may take hours: only when the relay had other tasks is the short limit right.
  const patience = onlyDistributions(relay) ? 2 * HOUR : TASK_TIME_MS
  const waiting = (link.poll?.relayClients ?? []).flatMap(({ client, log }) =>
    client.waiting
      .map((time) => ({ time: time + log.shift, line: client.waitingLine, shift: log.shift }))
      .filter(({ time }) => relay.last - time > patience),
  )
  const missing = Math.min(waiting.length, view.tasks - view.answers - view.lateAnswers)
  if (missing <= 0) return
  const first = Math.min(...waiting.map(({ time }) => time))
  const last = Math.max(...waiting.map(({ time }) => time))
  const lines = waiting.flatMap(({ line, shift }) =>
    line === undefined ? [] : [shifted(line, shift)],
  )
  const finding = rawFinding({
    cause: 'task-not-answered',
    severity: 'error',
    status: 'observed',
    subject: link.from.name,
    link,
    first,
    last,
    count: missing,
    periods: [{ from: first, to: relay.last, count: missing, recoveredAt: Number.NaN }],
    confidence: 'likely',
    partyName: link.from.name,
    evidence: lines.slice(0, 1),
    why: `${formatCount(view.tasks, 'task')} handed out to ${link.from.name}, ${formatCount(view.answers + view.lateAnswers, 'answer')} came back; the one of ${formatTime(first)} was still open ${formatDuration(relay.last - first)} later, when the relay’s log ends.`,
  })
  explainOrAdd(context, finding, (other) => blocksAnswers(other, link))
}

/** The client's own log shows results that it tried to post, and then no more. */
function findLostResults(context: DiagnosisContext, link: NetworkLink): void {
  const problem = viewOf(link, 'client')?.problems.get('task-not-answered')
  if (problem === undefined) return
  const known = context.found.find(
    ({ cause, link: other }) => cause === 'task-not-answered' && other === link,
  )
  if (known !== undefined) {
    known.evidence.push(...problem.evidence.slice(0, 1))
    return
  }
  const finding = rawFinding({
    ...fromProblem(problem),
    severity: 'warning',
    status: 'observed',
    recoveredAt: Number.NaN,
    subject: link.from.name,
    link,
    partyName: link.from.name,
    why: `${formatCount(problem.count, 'result')} could not be posted and ${problem.count === 1 ? 'was' : 'were'} given up after the last attempt, from ${formatTime(problem.first)} to ${formatTime(problem.last)}.`,
  })
  explainOrAdd(context, finding, (other) => blocksAnswers(other, link))
}

/** Replicas see half of what a client does each: they tell who did not answer only where their lines name it. */
function namesClients(relay: Relay): boolean {
  return relay.logs.length === 1 || namesMissing(relay)
}

function namesMissing({ logs }: Relay): boolean {
  return logs.every(({ facts }) => facts.namesMissing)
}

/** Lent, not answered in time, and lent once more: nothing is lost as long as the answer comes then. */
function findHandedOutAgain(context: DiagnosisContext, link: NetworkLink): void {
  const problem = viewOf(link, 'relay')?.problems.get('task-handed-out-again')
  if (problem === undefined) return
  const over = !Number.isNaN(problem.recoveredAt)
  const finding = rawFinding({
    ...fromProblem(problem),
    severity: over ? 'info' : 'warning',
    status: over ? 'recovered' : 'observed',
    subject: link.from.name,
    link,
    partyName: link.from.name,
    why: `${formatCount(problem.count, 'task')} came back to the relay unanswered${spanOf(problem)}${over ? `, and ${problem.count === 1 ? 'was' : 'were'} offered again; an answer came at ${formatTime(problem.recoveredAt)}` : '; no answer has come since'}.`,
  })
  const worse = context.found.find(
    ({ cause, link: other, last }) =>
      cause === 'task-not-answered' && other === link && last >= problem.first,
  )
  if (over) context.found.push(finding)
  else if (worse !== undefined) absorb(worse, finding)
  else explainOrAdd(context, finding, (other) => blocksAnswers(other, link))
}

function onlyDistributions(relay: Relay): boolean {
  const kinds = relay.logs.flatMap(({ facts }) =>
    facts.tasks.records.map(({ kind }) => kind.toLowerCase()),
  )
  return (
    kinds.length > 0 &&
    kinds.every((kind) => kind.includes('analysis') || kind.includes('distribution'))
  )
}

function addTaskFinding(
  context: DiagnosisContext,
  link: NetworkLink,
  cause: 'task-answered-late' | 'task-not-answerable' | 'result-rejected',
): void {
  const other = viewOf(link, 'client')?.problems.get(cause)
  const problem = viewOf(link, 'relay')?.problems.get(cause) ?? other
  if (problem === undefined) return
  // The client alone knows why; the relay gets a status.
  const details = formatDetails(
    problem.details.size > 0 ? problem.details : (other?.details ?? NONE),
  )
  // An answer in time shows that it can do it again; what it cannot answer it may be asked again.
  const answered = cause === 'task-not-answerable' ? Number.NaN : lastAnswer(link)
  const over = answered > problem.last
  const finding = rawFinding({
    ...fromProblem(problem),
    severity: 'warning',
    status: over ? 'recovered' : 'observed',
    recoveredAt: over ? answered : Number.NaN,
    cause,
    subject: link.from.name,
    link,
    partyName: link.from.name,
    evidence: [
      ...problem.evidence,
      ...(other === undefined || other === problem ? [] : other.evidence),
    ],
    why: `${formatCount(problem.count, 'time')}${spanOf(problem)}${details === '' ? '' : ` (${details})`}${over ? `; another task was answered as it should be at ${formatTime(answered)}` : ''}.`,
  })
  explainOrAdd(context, finding, (root) => {
    if (cause === 'task-not-answerable')
      return root.cause === 'cdm-failing' && root.link?.from === link.from
    // Who could not get through with his answer was late for that reason.
    return cause === 'task-answered-late' && root.cause !== 'slow' && hits(root, link)
  })
}

function lastAnswer(link: NetworkLink): number {
  const sources = viewOf(link, 'relay')?.sources ?? []
  return largest(sources.map(({ stats, shift }) => stats.lastAnswer + shift))
}

/** ` at 11:40:33`, ` from 11:40:33 to 11:43:47` */
function spanOf({ first, last }: { first: number; last: number }): string {
  const [from, to] = [formatTime(first), formatTime(last)]
  return from === to ? ` at ${from}` : ` from ${from} to ${to}`
}

const NONE: ReadonlyMap<string, number> = new Map()

/** Tasks reached their deadline, and the log does not let tell whose answer they lacked. */
function expiredForUnknownClient(context: DiagnosisContext, relay: Relay): void {
  const parts = relay.logs.flatMap(({ facts, shift }) => {
    const named = facts.clients.all().flatMap(({ stats }) => {
      return stats.problems.get('task-not-answered') ?? []
    })
    return [facts.expiredForUnknownClient, ...(namesClients(relay) ? [] : named)]
      .filter(({ count }) => count > 0)
      .map((problem) => placeProblem('task-not-answered', problem, shift))
  })
  const [problem, ...others] = parts
  if (problem === undefined) return
  for (const other of others) addProblem(problem, other)
  const links = pollLinksOf(context).filter((link) => link.relay === relay)
  const finding = rawFinding({
    ...fromProblem(problem),
    subject: `a client of ${relay.name}`,
    component: context.topology.components.find(({ logs }) =>
      logs.some((log) => log === relay.logs[0]),
    ),
    confidence: 'possible',
    why: `${formatCount(problem.count, 'task')} reached the deadline before every client had answered${spanOf(problem)}; the log does not say who was missing${Number.isNaN(problem.recoveredAt) ? '' : `. Later tasks were answered by all, since ${formatTime(problem.recoveredAt)}`}.`,
    next: ['Compare the tasks handed out to each client with its answers at that time.'],
  })
  explainOrAdd(context, finding, (other) => links.some((link) => blocksAnswers(other, link)))
}

function submissions(context: DiagnosisContext, relay: Relay): void {
  const view = buildSideView(relay.logs.map((log) => sideSource(log.facts.submissions, log)))
  const problem = view?.problems.get('submission-failing')
  if (view === undefined || problem === undefined) return
  const records = relay.logs.flatMap(({ facts }) => facts.tasks.records)
  const failed = records.filter((record) => record.seen.has('submission-failed'))
  const lost = failed.filter((record) => !record.seen.has('submitted'))
  const over = view.lastOk > problem.last
  const link = context.topology.links.find((one) => one.kind === 'upstream' && one.relay === relay)
  const details = formatDetails(problem.details)
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      severity: over ? 'warning' : 'error',
      status: over ? 'recovered' : 'ongoing',
      recoveredAt: over ? view.lastOk : Number.NaN,
      subject: relay.name,
      link,
      partyName: link?.to.name ?? null,
      why: `${formatCount(problem.count, 'failed attempt')} from ${formatTime(problem.first)} to ${formatTime(problem.last)}${details === '' ? '' : ` (${details})`}; ${outcomeWords(over, lost.length, view.lastOk)}.`,
    }),
  )
}

function outcomeWords(over: boolean, lost: number, lastOk: number): string {
  const missing =
    lost === 0 ? '' : `${formatCount(lost, 'result')} never reached the upstream in this window`
  if (!over) return missing || 'no result was taken since'
  const again = `results are taken again, the last at ${formatTime(lastOk)}`
  return missing === '' ? again : `${again}, but ${missing}`
}
