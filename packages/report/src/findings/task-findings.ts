import type { Hub } from '../exchange/network.ts'
import type { NetLink } from '../exchange/topology.ts'
import type { TaskStep } from '../facts/task-ledger.ts'
import { HOUR } from '../read/timestamps.ts'
import { moved, placeAccounts } from '../timeline/placed-account.ts'
import { partOf } from '../exchange/topology.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { draft, fromProblem } from './finding-draft.ts'
import { TASK_TIME_MS } from './limits.ts'
import { clockWord, countWord, detailWords, spanWord } from './words.ts'

/** Tasks that got no answer, got it too late, or whose result did not get upstream. */
export function findTaskTrouble(context: DiagnosisContext): void {
  for (const link of pollLinksOf(context)) {
    notAnswered(context, link)
    for (const cause of ['task-answered-late', 'task-not-answerable', 'answer-rejected'] as const) {
      accountTrouble(context, link, cause)
    }
  }
  for (const hub of context.network.hubs) {
    expired(context, hub)
    submissions(context, hub)
  }
}

function notAnswered(context: DiagnosisContext, link: NetLink): void {
  const { hub } = link
  const view = viewOf(link, 'hub')
  if (hub === undefined || view === undefined) return
  // Distributions may take hours: only when the hub had other tasks is the short limit right.
  const patience = onlyDistributions(hub) ? 2 * HOUR : TASK_TIME_MS
  const waiting = (link.poll?.hubClients ?? []).flatMap(({ client, told }) =>
    client.waiting.map((time) => ({
      time: time + told.shift,
      line: client.waitingLine,
      shift: told.shift,
    })),
  )
  const overdue = waiting.filter(({ time }) => hub.last - time > patience)
  const returned = view.problems.get('task-not-answered')
  if (overdue.length === 0 && returned === undefined) return
  const times = overdue.map(({ time }) => time)
  const first = Math.min(...times, returned?.first ?? Number.POSITIVE_INFINITY)
  const last = Math.max(...times, returned?.last ?? Number.NEGATIVE_INFINITY)
  const answeredLater = view.answers > 0 && overdue.length === 0
  const lines = overdue
    .flatMap(({ line, shift }) => (line === undefined ? [] : [moved(line, shift)]))
    .slice(0, 2)
  context.found.push(
    draft({
      cause: 'task-not-answered',
      severity: answeredLater ? 'warning' : 'error',
      status: answeredLater ? 'recovered' : 'observed',
      subject: link.from.name,
      link,
      first,
      last,
      recoveredAt: answeredLater ? view.lastOk : Number.NaN,
      count: Math.max(overdue.length, returned?.count ?? 0),
      confidence: 'likely',
      partyName: link.from.name,
      evidence: [...lines, ...(returned?.evidence ?? []), ...expiryLines(hub).slice(0, 1)],
      why: `${countWord(view.tasks, 'task')} handed out to ${link.from.name}, ${countWord(view.answers + view.lateAnswers, 'answer')} came back; the one of ${clockWord(first)} was still open ${spanWord(hub.last - first)} later, when the hub’s log ends.`,
    }),
  )
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
  const problem =
    viewOf(link, 'hub')?.problems.get(cause) ?? viewOf(link, 'client')?.problems.get(cause)
  if (problem === undefined) return
  const other = viewOf(link, 'client')?.problems.get(cause)
  const details = detailWords(problem.details)
  context.found.push(
    draft({
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
    }),
  )
}

/** Lines of tasks that reached their deadline. */
function expiryLines(hub: Hub): ReturnType<typeof moved>[] {
  return stepLines(hub, 'expired')
}

function stepLines(hub: Hub, wanted: TaskStep): ReturnType<typeof moved>[] {
  return hub.told.flatMap(({ facts, shift }) =>
    facts.tasks.records.flatMap(({ steps }) =>
      steps.filter(({ step }) => step === wanted).map(({ evidence }) => moved(evidence, shift)),
    ),
  )
}

/** Tasks reached their deadline and no client is to blame: nobody fetched them. */
function expired(context: DiagnosisContext, hub: Hub): void {
  const lines = expiryLines(hub)
  const explained = context.found.some(
    ({ cause, link }) =>
      (cause === 'task-not-answered' || cause === 'task-answered-late') && link?.hub === hub,
  )
  if (lines.length === 0 || explained) return
  const times = lines.map(({ time }) => time)
  const absent = pollLinksOf(context).filter(
    (link) =>
      link.hub === hub &&
      (viewOf(link, 'hub')?.lastOk ?? 0) < Math.max(...times) - TASK_TIME_MS / 5,
  )
  context.found.push(
    draft({
      cause: 'task-not-answered',
      severity: 'error',
      status: 'observed',
      subject: absent.length === 1 && absent[0] !== undefined ? absent[0].from.name : hub.name,
      link: absent.length === 1 ? absent[0] : undefined,
      component: context.topology.parts.find(({ role }) => role === 'hub'),
      first: Math.min(...times),
      last: Math.max(...times),
      count: lines.length,
      confidence: absent.length === 1 ? 'likely' : 'possible',
      partyName: absent.length === 1 ? (absent[0]?.from.name ?? null) : null,
      evidence: lines.slice(0, 3),
      affects: new Set(absent.map(({ id }) => id)),
      why: `${countWord(lines.length, 'task')} reached the deadline before every client had answered${absent.length > 0 ? `; ${absent.map(({ from }) => from.name).join(', ')} did not poll then` : ''}.`,
    }),
  )
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
