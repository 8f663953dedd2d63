import type { Cause } from '../vocabulary/cause.ts'
import { occurrenceOf } from '../vocabulary/causes/sheet.ts'
import type { Relay } from '../network/network.ts'
import { sideSource } from '../network/poll-links.ts'
import type { NetworkLink } from '../network/topology.ts'
import { FETCHED } from '../facts/task-ledger.ts'
import { HOUR } from '../read/timestamps.ts'
import { buildSideView } from '../timeline/side-view.ts'
import { addProblem, shifted, placeProblem } from '../timeline/placed-problem.ts'
import { largest } from '../timeline/extremes.ts'
import type { SideView } from '../timeline/side-view.ts'
import type { ProblemSummary } from '../timeline/placed-problem.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, fromProblem } from './raw-finding.ts'
import { TASK_TIME_MS } from './limits.ts'
import { absorb } from './consequences.ts'
import { affectsLink, explainOrAdd, blocksAnswers } from './task-causes.ts'
import {
  formatCount,
  formatOccurrences,
  formatReasons,
  formatDetails,
  formatDuration,
  formatNumber,
  formatTime,
  formatTimes,
  inBrackets,
  sentences,
} from '../vocabulary/figures.ts'
import { describeEnd, logsOf } from './phrases.ts'

/** Findings about tasks without a result, results that came too late, and results that did not reach the upstream. */
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
    findUnansweredByUnknown(context, relay)
    findSubmissionFailures(context, relay)
  }
}

/** Tasks whose deadline passed without this client's result, and tasks that it fetched long before the end of the log. */
function findUnanswered(context: DiagnosisContext, link: NetworkLink, relay: Relay): void {
  const view = viewOf(link, 'relay')
  if (view === undefined) return
  const expired = view.problems.get('task-not-answered')
  if (expired === undefined) findOverdue(context, link, relay, view)
  else if (namesClients(relay)) {
    const fetched = expired.details.get(FETCHED) ?? 0
    const buildWhy = (
      summary: ProblemSummary,
      end = describeEnd(summary, 'no result from this client since'),
    ): string =>
      sentences(
        `relay log: ${formatCount(summary.count, 'task')} reached the deadline without a result from ${link.from.name}, ${formatTimes(summary.first, summary.last)}`,
        describeFetched(fetched, expired.count),
        end,
      )
    const finding = rawFinding({
      ...fromProblem(expired),
      subject: link.from.name,
      link,
      confidence: namesMissing(relay) ? 'certain' : 'likely',
      partyName: link.from.name,
      why: buildWhy(expired),
      buildWhy,
    })
    explainOrAdd(context, finding, (other) => blocksAnswers(other, link))
  }
}

function describeFetched(fetched: number, tasks: number): string {
  if (fetched === 0)
    return tasks === 1 ? 'the client did not fetch it' : 'the client fetched none of them'
  if (tasks === 1) return 'the client had fetched it'
  return `the client had fetched ${fetched === tasks ? 'all' : formatNumber(fetched)} of them`
}

/** Tasks handed out so long ago that a result should have arrived, if the log contains no deadlines. */
function findOverdue(
  context: DiagnosisContext,
  link: NetworkLink,
  relay: Relay,
  view: SideView,
): void {
  // Distributions may take hours: the short limit only holds if the relay had other tasks.
  const allowed = onlyDistributions(relay) ? 2 * HOUR : TASK_TIME_MS
  const waiting = (link.poll?.relayClients ?? []).flatMap(({ client, log }) =>
    client.waiting
      .map((time) => ({ time: time + log.shift, line: client.waitingLine, shift: log.shift }))
      .filter(({ time }) => relay.last - time > allowed),
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
    why: sentences(
      `relay log: ${formatCount(view.tasks, 'task')} handed out to ${link.from.name}, ${formatCount(view.answers + view.lateAnswers, 'result')} received`,
      `the task of ${formatTime(first)} was still open ${formatDuration(relay.last - first)} later, at the end of the log`,
    ),
  })
  explainOrAdd(context, finding, (other) => blocksAnswers(other, link))
}

/** Results that the client discarded after its last attempt to submit them, according to its log. */
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
    why: sentences(
      `client log: ${formatCount(problem.count, 'result')} discarded after the last attempt to submit ${problem.count === 1 ? 'it' : 'them'}, ${formatTimes(problem.first, problem.last)}`,
    ),
  })
  explainOrAdd(context, finding, (other) => blocksAnswers(other, link))
}

/** Each of several replicas sees only a part of a client's requests, so its log must name the client whose result was missing. */
function namesClients(relay: Relay): boolean {
  return relay.logs.length === 1 || namesMissing(relay)
}

function namesMissing({ logs }: Relay): boolean {
  return logs.every(({ facts }) => facts.namesMissing)
}

/** Tasks whose lease expired and that were handed out again: harmless if a result arrived after that. */
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
    why: sentences(
      `relay log: ${formatCount(problem.count, 'lease')} expired without a result, ${formatTimes(problem.first, problem.last)}; the relay handed out the ${problem.count === 1 ? 'task' : 'tasks'} again`,
      over
        ? `a result arrived at ${formatTime(problem.recoveredAt)}`
        : 'no result has arrived since',
    ),
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

function addTaskFinding(context: DiagnosisContext, link: NetworkLink, cause: Cause): void {
  const other = viewOf(link, 'client')?.problems.get(cause)
  const problem = viewOf(link, 'relay')?.problems.get(cause) ?? other
  if (problem === undefined) return
  // Only the client logs the reason; the relay receives a status.
  const details = formatDetails(
    problem.details.size > 0 ? problem.details : (other?.details ?? new Map()),
  )
  const seen = problem === other ? 'client' : 'relay'
  // A result in time ends the problem, except for tasks that the client cannot answer: it may receive another one.
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
    why: sentences(
      `${logsOf(seen)}: ${formatOccurrences(problem, ...occurrenceOf(cause))}${inBrackets(details)}`,
      over ? `recovered at ${formatTime(answered)}: another task was answered` : '',
    ),
  })
  explainOrAdd(context, finding, (root) => {
    if (cause === 'task-not-answerable')
      return root.cause === 'cdm-failing' && root.link?.from === link.from
    // A client that could not reach the relay was late for that reason.
    return cause === 'task-answered-late' && root.cause !== 'slow' && affectsLink(root, link)
  })
}

function lastAnswer(link: NetworkLink): number {
  const sources = viewOf(link, 'relay')?.sources ?? []
  return largest(sources.map(({ stats, shift }) => stats.lastAnswer + shift))
}

/** Tasks that reached their deadline without the log showing whose result was missing. */
function findUnansweredByUnknown(context: DiagnosisContext, relay: Relay): void {
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
    why: whyUnansweredByUnknown(problem),
    buildWhy: whyUnansweredByUnknown,
    next: ['Compare the tasks handed out to each client with its results at that time.'],
  })
  explainOrAdd(context, finding, (other) => links.some((link) => blocksAnswers(other, link)))
}

function whyUnansweredByUnknown(
  summary: ProblemSummary,
  end = describeEnd(summary, 'no later task was answered by all clients'),
): string {
  return sentences(
    `relay log: ${formatCount(summary.count, 'task')} reached the deadline before all clients had answered, ${formatTimes(summary.first, summary.last)}`,
    'the log does not show which client was late',
    end,
  )
}

function findSubmissionFailures(context: DiagnosisContext, relay: Relay): void {
  const view = buildSideView(relay.logs.map((log) => sideSource(log.facts.submissions, log)))
  const problem = view?.problems.get('submission-failing')
  if (view === undefined || problem === undefined) return
  const records = relay.logs.flatMap(({ facts }) => facts.tasks.records)
  const failed = records.filter((record) => record.seen.has('submission-failed'))
  const lost = failed.filter((record) => !record.seen.has('submitted'))
  const over = view.lastOk > problem.last
  const link = context.topology.links.find((one) => one.kind === 'upstream' && one.relay === relay)
  const details = inBrackets(formatReasons(problem.details))
  const buildWhy = (
    summary: ProblemSummary,
    end = over
      ? `recovered; the last successful submission was at ${formatTime(view.lastOk)}`
      : 'no successful submission since',
  ): string =>
    sentences(
      `relay log: ${formatOccurrences(summary, 'failed submission')}${details}`,
      end,
      lost.length === 0
        ? ''
        : `${formatCount(lost.length, 'result')} not submitted by the end of the logs`,
    )
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      severity: over ? 'warning' : 'error',
      status: over ? 'recovered' : 'ongoing',
      recoveredAt: over ? view.lastOk : Number.NaN,
      subject: relay.name,
      link,
      partyName: link?.to.name ?? null,
      why: buildWhy(problem),
      buildWhy,
    }),
  )
}
