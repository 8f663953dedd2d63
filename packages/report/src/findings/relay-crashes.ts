import type { Relay } from '../network/network.ts'
import type { NetworkComponent } from '../network/topology.ts'
import { placeProblem } from '../timeline/placed-problem.ts'
import type { ProblemSummary } from '../timeline/placed-problem.ts'
import { formatDetails, formatOccurrences, sentences } from '../vocabulary/figures.ts'
import type { DiagnosisContext } from './context.ts'
import { describeEnd } from './phrases.ts'
import { fromProblem, rawFinding } from './raw-finding.ts'

/** Adds a finding for each log of a relay that does not start, or stops with an exception. */
export function findCrashes(
  context: DiagnosisContext,
  relay: Relay,
  component: NetworkComponent | undefined,
): void {
  for (const { facts, shift } of relay.logs) {
    if (facts.crashes.count === 0) continue
    const problem = placeProblem('relay-crashing', facts.crashes, shift)
    const reason = formatDetails(problem.details, 1)
    const buildWhy = (summary: ProblemSummary, end = describeEnd(summary)): string =>
      sentences(
        `relay log: ${formatOccurrences(summary, 'crash or failed start', 'crashes or failed starts')}`,
        reason === '' ? '' : `reason: "${reason}"`,
        end,
      )
    context.found.push(
      rawFinding({
        ...fromProblem(problem),
        subject: component?.name ?? relay.name,
        component,
        partyName: relay.name,
        why: buildWhy(problem),
        buildWhy,
      }),
    )
  }
}
