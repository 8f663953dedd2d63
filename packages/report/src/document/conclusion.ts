import type { Analysis } from '../analysis.ts'
import type { RawCheck } from '../checklist/checklist.ts'
import { titleOf } from '../findings/raw-finding.ts'
import { formatCount } from '../vocabulary/figures.ts'
import type { Caveat, Link, ReportDocument, Verdict } from './report-document.ts'

// The sections above list all of them.
const MAX_NAMED = 12

/** What the evidence supports, and what it does not because of missing sources, gaps or uncertain clocks. */
export function buildConclusion(
  verdict: Verdict,
  analysis: Analysis,
  checks: readonly RawCheck[],
  links: readonly Link[],
  caveats: readonly Caveat[],
): ReportDocument['conclusion'] {
  const supported = checks
    .filter(({ state }) => state === 'passed')
    .map(({ title, number }) => `${title}: ${number}.`)
  const proven = links.filter(
    ({ kind, state }) => kind === 'poll' && (state === 'healthy-idle' || state === 'serving'),
  )
  if (proven.length > 0) supported.push(`Working links: ${named(proven)}.`)
  const unknown = links.filter(({ kind, state }) => kind === 'poll' && state === 'unknown')
  const ambiguous = analysis.network.links.filter(({ logs }) =>
    logs.some(({ match }) => match?.ambiguous === true),
  )
  const notSupported = [
    ...checks
      .filter(({ state }) => state === 'unknown')
      .map(({ title, detail }) => `${title}: unknown. ${detail}`),
    ...(unknown.length > 0
      ? [`State unknown for ${formatCount(unknown.length, 'link')}: ${named(unknown)}.`]
      : []),
    // Missing sources are the reason for the unknown checks above.
    ...caveats
      .filter(({ kind, severity }) => kind !== 'missing-source' || severity === 'info')
      .slice(0, MAX_NAMED)
      .map(({ text }) => text),
    ...(ambiguous.length > 0
      ? [
          `Clock skew of ${named(ambiguous)}: a skew that differs by a multiple of the polling interval would match as well.`,
        ]
      : []),
  ]
  return { text: describeVerdict(verdict, analysis, proven.length > 0), supported, notSupported }
}

function describeVerdict(verdict: Verdict, { diagnosis }: Analysis, worksInPart: boolean): string {
  const bad = diagnosis.findings.filter(({ severity }) => severity !== 'info')
  const open =
    verdict === 'unhealthy'
      ? bad.filter(({ severity }) => severity === 'error')
      : bad.filter(({ status }) => status !== 'recovered')
  const titles = open.slice(0, 3).map((finding) => `"${titleOf(finding)}"`)
  const more = open.length > 3 ? ` and ${open.length - 3} more` : ''
  switch (verdict) {
    case 'healthy':
      return 'The network works: every essential check passed, with log lines as evidence.'
    case 'recovered':
      return bad.length === 1
        ? 'The problem in this time range was resolved before it ended.'
        : 'All problems in this time range were resolved before it ended.'
    case 'degraded':
      return open.length === 0
        ? 'All problems were resolved, but there is not enough evidence that everything works. Missing evidence is listed below.'
        : `The network works, with problems: ${titles.join(', ')}${more}.`
    case 'unhealthy':
      return `${worksInPart ? 'Part of the network' : 'The network'} does not work properly. Unresolved: ${titles.join(', ')}${more}.`
    case 'unknown':
      return 'There is not enough evidence to tell whether the network works. Missing evidence is listed below.'
    default:
      return verdict satisfies never
  }
}

function named(links: readonly { readonly name: string }[]): string {
  const names = links.slice(0, MAX_NAMED).map(({ name }) => name)
  const rest = links.length - names.length
  return `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
