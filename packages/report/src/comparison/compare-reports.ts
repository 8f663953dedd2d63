import type { ComparedFailure, Comparison, Outcome } from '../document/comparison-schema.ts'
import { instantOr } from '../document/instants.ts'
import { Masker } from '../document/masking.ts'
import { reportDocumentSchema } from '../document/report-document.ts'
import type { ReportDocument } from '../document/report-document.ts'
import { formatCount, sentences } from '../vocabulary/figures.ts'
import { assess, outcomeRank } from './assess.ts'
import type { Assessment } from './assess.ts'
import type { ComparedReport } from './compared-report.ts'
import { compareLinks } from './compare-links.ts'
import { missingLog, outcomeText, unitOf } from './comparison-texts.ts'
import { Counterparts, linksOf } from './counterparts.ts'
import { failuresOf, isSameFailure } from './failures.ts'

/** Adds to a report what changed since an earlier one: which failures are gone, and which are new. */
export function withComparison(
  document: ReportDocument,
  before: ComparedReport,
  mode: Comparison['mode'],
): ReportDocument {
  const comparison = compareReports(before, document, mode)
  // The earlier report comes from a file that may have been edited.
  return reportDocumentSchema.parse({
    ...document,
    comparison: new Masker([], comparison).deep(comparison),
  })
}

export function compareReports(
  before: ComparedReport,
  after: ComparedReport,
  mode: Comparison['mode'],
): Comparison {
  const counterparts = new Counterparts(before, after)
  const earlier = failuresOf(before)
  const later = failuresOf(after)
  const ordered = before.timeRange.dateKnown && after.timeRange.dateKnown
  const range = {
    from: timeOf(before.timeRange.from ?? after.timeRange.from),
    to: timeOf(after.timeRange.to ?? before.timeRange.to),
  }
  const start = ordered
    ? Math.max(timeOf(after.timeRange.from), timeOf(before.timeRange.to) || 0)
    : timeOf(after.timeRange.from)
  const context = { before, after, counterparts, later, start }
  const assessments = earlier
    .map((failure) => assess(failure, context))
    .toSorted((a, b) => outcomeRank(a.outcome) - outcomeRank(b.outcome))
  const since = after.timeRange.dateKnown ? after.timeRange.from : null
  const failures = assessments.map((one): ComparedFailure => ({
    cause: one.failure.cause,
    severity: one.failure.severity,
    title: one.failure.title,
    outcome: one.outcome,
    text: outcomeText(one, range),
    before: { first: one.failure.first, last: one.failure.last, count: one.failure.count },
    proof: proofOf(one, range.from),
    missing: missingLog(one, since),
    finding: one.again?.id ?? null,
  }))
  const fresh = later
    .filter((one) => !earlier.some((old) => isSameFailure(old, one, counterparts)))
    .filter(({ last }) => !(timeOf(last) < start))
    .map((one) => ({
      finding: one.id,
      title: one.title,
      severity: one.severity,
      covered: isCovered(one, before, counterparts),
    }))
  const answer = answerOf(failures, fresh, after)
  return {
    mode,
    answer,
    sentence: sentenceOf(answer, failures, fresh),
    before: {
      from: before.timeRange.from,
      to: before.timeRange.to,
      dateKnown: before.timeRange.dateKnown,
      verdict: before.verdict,
      sentence: before.sentence,
    },
    caveats: caveatsOf(before, after, ordered),
    failures,
    new: fresh,
    links: compareLinks(before, counterparts),
  }
}

/** NaN if unknown. */
function timeOf(instant: string | null): number {
  return instant === null ? Number.NaN : Date.parse(instant)
}

function proofOf({ outcome, links }: Assessment, fallback: number): ComparedFailure['proof'] {
  if (outcome !== 'gone') return []
  return links.flatMap((link) => {
    const { clean } = link
    if (clean === undefined) return []
    return [
      {
        link: link.link,
        side: clean.side,
        successes: clean.successes,
        unit: unitOf(link)[1],
        from: instantOr(clean.from, fallback),
        to: instantOr(clean.to, fallback),
      },
    ]
  })
}

/** Whether the earlier logs cover a link of the finding, so that it would be in them. */
function isCovered(
  finding: ComparedReport['findings'][number],
  before: ComparedReport,
  counterparts: Counterparts,
): boolean {
  const ids = linksOf(finding)
  return before.links.some(
    (link) =>
      link.views.some(({ exchanges }) => exchanges > 0) &&
      ids.includes(counterparts.link(link.id)?.id ?? ''),
  )
}

function answerOf(
  failures: readonly ComparedFailure[],
  fresh: Comparison['new'],
  after: ComparedReport,
): Comparison['answer'] {
  const has = (...outcomes: readonly Outcome[]): boolean =>
    failures.some(({ outcome }) => outcomes.includes(outcome))
  if (has('still-there', 'came-back') || fresh.length > 0) return 'not-gone'
  if (has('unknown')) return 'unknown'
  if (failures.length > 0) return 'gone'
  return after.verdict === 'unknown' ? 'unknown' : 'no-failures'
}

function sentenceOf(
  answer: Comparison['answer'],
  failures: readonly ComparedFailure[],
  fresh: Comparison['new'],
): string {
  const count = (outcome: Outcome): number =>
    failures.filter((failure) => failure.outcome === outcome).length
  const total = failures.length
  if (answer === 'no-failures') return 'Neither the earlier nor the later logs contain a failure.'
  if (total === 0 && fresh.length === 0)
    return 'The earlier logs contain no failure, and the later logs contain too little evidence.'
  const of = (n: number, verb: string): string =>
    n === 0
      ? ''
      : total === 1
        ? `the earlier failure ${verb}`
        : `${n} of ${total} earlier failures ${verb}`
  const one = (n: number, singular: string, plural: string): string =>
    total > 1 && n > 1 ? plural : singular
  return sentences(
    of(count('still-there'), one(count('still-there'), 'still occurs', 'still occur')),
    of(count('came-back'), 'came back'),
    count('unknown') === 0
      ? ''
      : `there is not enough evidence for ${total === 1 ? 'the earlier failure' : `${count('unknown')} of ${total} earlier failures`}`,
    of(count('gone'), `${one(count('gone'), 'is', 'are')} gone`),
    fresh.length > 0
      ? `${formatCount(fresh.length, 'failure')} ${fresh.length === 1 ? 'is' : 'are'} new`
      : answer === 'gone'
        ? 'no failure is new'
        : '',
  )
}

function caveatsOf(before: ComparedReport, after: ComparedReport, ordered: boolean): string[] {
  const caveats: string[] = []
  if (!ordered)
    caveats.push(
      'The date of the earlier or the later logs is unknown, so their order could not be verified. Add --date.',
    )
  else if (timeOf(after.timeRange.from) < timeOf(before.timeRange.to) - OVERLAP_MS)
    caveats.push(
      'The later logs begin before the earlier ones end. Only what follows the earlier logs counts as later; the figures side by side cover all of it.',
    )
  if (before.timeRange.from === null)
    caveats.push('The earlier logs contain no event with a known time.')
  return caveats
}

const OVERLAP_MS = 1_000
