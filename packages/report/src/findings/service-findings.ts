import type { NetworkLink } from '../network/topology.ts'
import { SLOW_MS } from '../facts/facts.ts'
import { findBrokerFailures } from './broker-findings.ts'
import type { ProblemSummary } from '../timeline/placed-problem.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, fromProblem } from './raw-finding.ts'
import { addLinkFinding, NO_RECOVERY, problemOn } from './link-problem.ts'
import { formatCount, formatDuration, formatTimes, sentences } from '../vocabulary/figures.ts'
import { describeEnd, describeLatency, logsOf, logsWith } from './phrases.ts'

/** Findings about databases and brokers of relays, and about the OMOP databases of clients. */
export function findServiceFailures(context: DiagnosisContext): void {
  for (const link of context.topology.links) {
    if (link.kind === 'database') findDatabaseFailures(context, link)
    else if (link.kind === 'broker') findBrokerFailures(context, link)
    else if (link.kind === 'cdm') addLinkFinding(context, link, 'cdm-failing', link.from.name)
    else if (link.kind === 'poll')
      addLinkFinding(context, link, 'client-files-failing', link.from.name)
  }
}

function findDatabaseFailures(context: DiagnosisContext, link: NetworkLink): void {
  addLinkFinding(context, link, 'database-failing', link.from.name)
  const slow = problemOn(context, link, 'slow')
  if (slow === undefined) return
  const seen = link.views.find(({ view }) => view.problems.has('slow'))
  const latency =
    seen === undefined ? '' : `latency in the ${logsOf(seen.side)}: ${describeLatency(seen.view)}`
  const buildWhy = (summary: ProblemSummary, end = describeEnd(summary, NO_RECOVERY)): string =>
    sentences(
      `${logsWith(link, 'slow')}: ${formatCount(summary.count, 'statement')} slower than ${formatDuration(SLOW_MS.database)} ${formatTimes(summary.first, summary.last)}`,
      end,
      latency,
    )
  context.found.push(
    rawFinding({
      ...fromProblem(slow),
      cause: 'database-slow',
      subject: link.name,
      link,
      partyName: link.from.name,
      why: buildWhy(slow),
      buildWhy,
    }),
  )
}
