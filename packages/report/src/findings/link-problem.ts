import type { Cause } from '../document/cause.ts'
import type { NetworkLink } from '../exchange/topology.ts'
import { SECOND } from '../read/timestamps.ts'
import { addSide, copyOf, endAt, okAfter } from '../timeline/side-view.ts'
import type { PlacedProblem } from '../timeline/side-view.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { againWords, rawFinding, fromProblem } from './raw-finding.ts'
import { formatTime, formatCount, formatDetails } from './figures.ts'

/** The problem of one cause, both sides of a link together. */
export function problemOn(
  context: DiagnosisContext,
  link: NetworkLink,
  cause: Cause,
): PlacedProblem | undefined {
  let merged: PlacedProblem | undefined
  for (const { view } of link.views) {
    const problem = view.problems.get(cause)
    if (problem === undefined) continue
    if (merged === undefined) merged = copyOf(problem)
    else addSide(merged, problem)
  }
  if (merged === undefined) return undefined
  // A relay that asks for itself knows better than a server that somebody else got through to.
  const asks = link.relay?.logs.some(({ facts }) => facts.probesServices) === true
  const witnesses = asks ? link.views.filter(({ side }) => side === 'relay') : link.views
  // A slow answer is a success too: the account itself knows when it was fast again.
  if (cause !== 'slow' && Number.isNaN(merged.recoveredAt))
    endAt(
      merged,
      okAfter(
        witnesses.flatMap(({ view }) => view.sources),
        merged.last,
      ),
    )
  else if (cause === 'slow') endAt(merged, fastAgain(link, merged))
  if (cause === 'database-failing' && pollsStillFail(context, link, merged))
    endAt(merged, Number.NaN)
  return merged
}

/** Two sides of one exchange write their lines not quite at the same time. */
const APART_MS = 10 * SECOND

/** A server that writes slow statements only never shows that they are fast again: any side that saw it will do. */
function fastAgain(link: NetworkLink, { last, recoveredAt }: PlacedProblem): number {
  const seen = link.views
    .map(({ view }) => view.problems.get('slow')?.recoveredAt ?? Number.NaN)
    .filter((time) => time > last - APART_MS)
  return Number.isNaN(recoveredAt) && seen.length > 0 ? Math.max(last, ...seen) : recoveredAt
}

/** The relay goes on answering its clients with errors: that a probe's statement succeeded does not end what they suffer from. */
function pollsStillFail(
  context: DiagnosisContext,
  { relay }: NetworkLink,
  { first }: PlacedProblem,
): boolean {
  return pollLinksOf(context)
    .filter((link) => link.relay === relay)
    .some((link) => {
      const view = viewOf(link, 'relay')
      const errors = view?.problems.get('relay-error')
      if (view === undefined || errors === undefined) return false
      return errors.last >= first && !(view.lastOk > errors.last)
    })
}

/** A finding on it, where there is such a problem. */
export function addLinkFinding(
  context: DiagnosisContext,
  link: NetworkLink,
  cause: Cause,
  partyName: string,
): void {
  const problem = problemOn(context, link, cause)
  if (problem === undefined) return
  const details = formatDetails(problem.details)
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      subject: link.kind === 'cdm' ? link.from.name : link.name,
      link,
      partyName,
      why: `${formatCount(problem.count, 'time')} from ${formatTime(problem.first)} to ${formatTime(problem.last)}${details === '' ? '' : ` (${details})`}${recoveryWords(problem)}.`,
    }),
  )
}

export function recoveryWords(problem: PlacedProblem): string {
  return Number.isNaN(problem.recoveredAt)
    ? '; nothing shows that it is over'
    : `; it ${againWords(problem)}`
}
