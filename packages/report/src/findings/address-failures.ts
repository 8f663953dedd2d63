import { occurrenceOf } from '../vocabulary/causes/sheet.ts'
import { formatOccurrences, sentences } from '../vocabulary/figures.ts'
import type { ProblemSummary } from '../timeline/placed-problem.ts'
import type { DiagnosisContext } from './context.ts'
import { problemOn } from './link-problem.ts'
import { describeEnd, logsWith } from './phrases.ts'
import { fromProblem, rawFinding } from './raw-finding.ts'

const CAUSE = 'address-failing'

/** Adds a finding for each client or relay that saw some addresses of a server fail while others worked. No poll was lost. */
export function findAddressFailures(context: DiagnosisContext): void {
  const links = context.topology.links.filter(({ kind }) => kind === 'poll' || kind === 'upstream')
  for (const link of links) {
    const problem = problemOn(context, link, CAUSE)
    if (problem === undefined) continue
    const [title] = problem.details.keys()
    const logs = logsWith(link, CAUSE)
    const buildWhy = (summary: ProblemSummary, end = describeEnd(summary)): string =>
      sentences(
        `${logs}: ${formatOccurrences(summary, ...occurrenceOf(CAUSE))}`,
        end,
        `the ${link.kind === 'poll' ? 'client' : 'relay'} used another address at once, so no poll was lost`,
      )
    context.found.push(
      rawFinding({
        ...fromProblem(problem),
        severity: 'warning',
        subject: link.from.name,
        ...(title === undefined ? {} : { title }),
        link,
        partyName: link.to.name,
        why: buildWhy(problem),
        buildWhy,
      }),
    )
  }
}
