import type { NetworkLink } from '../exchange/topology.ts'
import { SLOW_MS } from '../facts/facts.ts'
import { findBrokerFailures } from './broker-findings.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, fromProblem } from './raw-finding.ts'
import { addLinkFinding, problemOn, recoveryWords } from './link-problem.ts'
import { formatTime, formatCount, formatDuration } from './figures.ts'

/** Database, broker and the clients' own databases. */
export function findServiceFailures(context: DiagnosisContext): void {
  for (const link of context.topology.links) {
    if (link.kind === 'database') findDatabaseFailures(context, link)
    else if (link.kind === 'broker') findBrokerFailures(context, link)
    else if (link.kind === 'cdm') addLinkFinding(context, link, 'cdm-failing', link.from.name)
  }
}

function findDatabaseFailures(context: DiagnosisContext, link: NetworkLink): void {
  addLinkFinding(context, link, 'database-failing', link.from.name)
  const slow = problemOn(context, link, 'slow')
  if (slow === undefined) return
  const { view } = link.views.find((view) => view.view.problems.has('slow')) ?? {}
  context.found.push(
    rawFinding({
      ...fromProblem(slow),
      cause: 'database-slow',
      subject: link.name,
      link,
      partyName: link.from.name,
      why: `${formatCount(slow.count, 'statement')} took longer than ${formatDuration(SLOW_MS.database)} from ${formatTime(slow.first)} to ${formatTime(slow.last)}; 95 % took up to ${formatDuration(view?.latency.quantile(0.95) ?? Number.NaN)}, the longest ${formatDuration(view?.latency.max ?? Number.NaN)}${recoveryWords(slow)}.`,
    }),
  )
}
