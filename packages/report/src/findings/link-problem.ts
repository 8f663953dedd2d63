import type { Cause } from '../vocabulary/cause.ts'
import { CAUSE_SHEET, occurrenceOf } from '../vocabulary/causes/sheet.ts'
import { DATABASE_REASONS } from '../vocabulary/database-reasons.ts'
import { nameOfInstance } from '../network/program-name.ts'
import type { NetworkLink } from '../network/topology.ts'
import { SECOND } from '../read/timestamps.ts'
import { okAfter } from '../timeline/side-view.ts'
import { addSide, copyOf, endAt } from '../timeline/placed-problem.ts'
import type { SideSource } from '../timeline/side-view.ts'
import type { PlacedProblem, ProblemSummary } from '../timeline/placed-problem.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, fromProblem } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import {
  formatOccurrences,
  formatDetails,
  formatList,
  inBrackets,
  sentences,
} from '../vocabulary/figures.ts'
import { describeEnd, logsWith } from './phrases.ts'

/** The problem of one cause, as both sides of a link saw it. */
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
  // A relay that probes the service is the better witness: the service also logs successes of other programs.
  const probes = link.relay?.logs.some(({ facts }) => facts.probesServices) === true
  const witnesses = probes ? link.views.filter(({ side }) => side === 'relay') : link.views
  // A slow response is a success too, so the view itself records when responses were fast again.
  if (CAUSE_SHEET[cause].endedBySuccess && Number.isNaN(merged.recoveredAt))
    endAt(merged, okAfter(witnesses.flatMap(canShowRecovery(link, merged)), merged.last))
  else if (cause === 'slow') endAt(merged, fastAgain(link, merged))
  if (cause === 'database-failing' && pollsStillFail(context, link, merged))
    endAt(merged, Number.NaN)
  return merged
}

/** Sources in which a success ends the problem: that of one replica says nothing about another, unless it replaced that one. */
function canShowRecovery({ relay }: NetworkLink, { cause, last }: PlacedProblem) {
  return ({ side, view }: NetworkLink['views'][number]): readonly SideSource[] =>
    side !== 'relay' || (relay?.logs.length ?? 0) < 2
      ? view.sources
      : view.sources.filter(
          ({ stats, shift }) => stats.problems.has(cause) || stats.first + shift > last,
        )
}

/** The two sides of an exchange do not log it at quite the same time. */
const APART_MS = 10 * SECOND

/** A server that logs only slow statements never shows that they are fast again, so any side may show it. */
function fastAgain(link: NetworkLink, { last, recoveredAt }: PlacedProblem): number {
  const seen = link.views
    .map(({ view }) => view.problems.get('slow')?.recoveredAt ?? Number.NaN)
    .filter((time) => time > last - APART_MS)
  return Number.isNaN(recoveredAt) && seen.length > 0 ? Math.max(last, ...seen) : recoveredAt
}

/** The relay still answers its clients with errors: one successful statement of a probe does not end the problem for them. */
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

/** Adds a finding if the link has this problem. */
export function addLinkFinding(
  context: DiagnosisContext,
  link: NetworkLink,
  cause: Cause,
  partyName: string,
): void {
  const problem = problemOn(context, link, cause)
  if (problem === undefined) return
  const logs = logsWith(link, cause)
  const details = inBrackets(formatDetails(problem.details))
  const replicas = failingReplicas(link, cause)
  const buildWhy = (summary: ProblemSummary, end = describeEnd(summary, NO_RECOVERY)): string =>
    sentences(
      `${logs}: ${formatOccurrences(summary, ...occurrenceOf(cause))}${details}`,
      replicas === undefined ? '' : `only ${formatList(replicas)}; the other replicas work`,
      end,
    )
  const subject = link.kind === 'cdm' || link.kind === 'poll' ? link.from.name : link.name
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      subject: replicas === undefined ? subject : `${formatList(replicas)} → ${link.to.name}`,
      link,
      partyName,
      why: buildWhy(problem),
      buildWhy,
      ...textsOfReason(problem),
    }),
  )
}

/** Names of the replicas of a relay that have this problem; undefined if all have it, or there is only one. */
function failingReplicas({ relay, views }: NetworkLink, cause: Cause): string[] | undefined {
  const logs = relay?.logs ?? []
  const seen = views.find(({ side }) => side === 'relay')?.view.sources ?? []
  const failing = new Set(
    seen.filter(({ stats }) => stats.problems.has(cause)).map(({ source }) => source),
  )
  if (failing.size === 0 || failing.size === logs.length) return undefined
  return logs.filter(({ source }) => failing.has(source.sourceId)).map(nameOfInstance)
}

/** What to do about a database depends on why it fails. */
function textsOfReason({
  cause,
  details,
}: PlacedProblem): Pick<RawFinding, 'title' | 'action' | 'next'> {
  if (cause !== 'database-failing') return {}
  const [reason] = DATABASE_REASONS.filter(({ name }) => details.has(name)).toSorted(
    (a, b) => (details.get(b.name) ?? 0) - (details.get(a.name) ?? 0),
  )
  if (reason === undefined) return {}
  const { name, action, next } = reason
  return { title: `${CAUSE_SHEET[cause].title} (${name})`, action, next }
}

/** The end of a problem with a service: without another use of it, nothing shows whether it is ongoing. */
export const NO_RECOVERY = 'no recovery seen'
