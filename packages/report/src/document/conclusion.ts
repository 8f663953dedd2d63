import type { Analysis } from '../analysis.ts'
import type { RawCheck } from '../checklist/checklist.ts'
import { titleOf } from '../findings/diagnose.ts'
import { formatCount } from '../findings/figures.ts'
import type { Caveat, Link, ReportDocument, Verdict } from './report-document.ts'

// What follows is said in a few lines; the sections above have all of it.
const MAX_NAMED = 12

/** What the evidence supports and what it does not: missing sources, gaps and doubts about clocks among it. */
export function conclusionOf(
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
      ? [`${formatCount(unknown.length, 'link')} whose state is unknown: ${named(unknown)}.`]
      : []),
    // Sources that are missing altogether are what the checks above lack.
    ...caveats
      .filter(({ kind, severity }) => kind !== 'missing-source' || severity === 'info')
      .slice(0, MAX_NAMED)
      .map(({ text }) => text),
    ...(ambiguous.length > 0
      ? [
          `The clocks of ${named(ambiguous)}: polls are so regular that a skew by a multiple of their rhythm would look the same.`,
        ]
      : []),
  ]
  return { text: textOf(verdict, analysis), supported, notSupported }
}

function textOf(verdict: Verdict, { diagnosis }: Analysis): string {
  const bad = diagnosis.findings.filter(({ severity }) => severity !== 'info')
  const open =
    verdict === 'unhealthy'
      ? bad.filter(({ severity }) => severity === 'error')
      : bad.filter(({ status }) => status !== 'recovered')
  const titles = open.slice(0, 3).map((finding) => `“${titleOf(finding)}”`)
  const more = open.length > 3 ? ` and ${open.length - 3} more` : ''
  switch (verdict) {
    case 'healthy':
      return 'The evidence supports that every link works: each essential check has passed, with lines to prove it.'
    case 'recovered':
      return `The evidence supports that ${bad.length === 1 ? 'the problem of this window is' : 'the problems of this window are'} over: all worked again before it ended.`
    case 'degraded':
      return `The evidence supports that the network works, but not all of it as it should: ${titles.join(', ')}${more}.`
    case 'unhealthy':
      return `The evidence does not support that the network works: ${titles.join(', ')}${more}, not seen to be over.`
    case 'unknown':
      return 'The evidence does not suffice to say whether the network works; what is missing is listed here.'
    default:
      return verdict satisfies never
  }
}

function named(links: readonly { readonly name: string }[]): string {
  const names = links.slice(0, MAX_NAMED).map(({ name }) => name)
  const rest = links.length - names.length
  return `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
