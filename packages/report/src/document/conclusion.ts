import type { Analysis } from '../analysis.ts'
import type { RawCheck } from '../checklist/checklist.ts'
import { titleOf } from '../findings/raw-finding.ts'
import { formatCount } from '../vocabulary/figures.ts'
import type { Caveat, Link, LinkState, ReportDocument, Verdict } from './report-document.ts'

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
  const text = [
    describeVerdict(verdict, analysis, proven.length > 0),
    ...describeConnections(verdict, checks),
    describeServices(links),
  ].join(' ')
  return { text, supported, notSupported }
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

/** Answers whether connections still fail, if they failed before the time range. */
function describeConnections(verdict: Verdict, checks: readonly RawCheck[]): string[] {
  const passed = checks.some(({ id, state }) => id === 'connections' && state === 'passed')
  return verdict === 'healthy' && passed
    ? ['No connection failed: a connection problem from before this time range is resolved.']
    : []
}

/** From the worst to the best state. */
const SERVICE_STATE: readonly (readonly [state: LinkState, text: string])[] = [
  ['failing', 'fails'],
  ['silent', 'is silent'],
  ['never-seen', 'was never seen'],
  ['degraded', 'works with problems'],
  ['recovered', 'has recovered'],
  ['unknown', 'is unknown'],
  ['serving', 'works'],
  ['healthy-idle', 'works'],
]

function describeServices(links: readonly Link[]): string {
  const describe = (kind: Link['kind'], name: string): string => {
    const states = new Set(links.filter((link) => link.kind === kind).map(({ state }) => state))
    const worst = SERVICE_STATE.find(([state]) => states.has(state))
    return `${name} ${worst === undefined ? 'is in no log' : worst[1]}`
  }
  return `${describe('database', 'The relay database')}, ${describe('broker', 'the broker')} and ${describe('upstream', 'the upstream')}.`
}

function named(links: readonly { readonly name: string }[]): string {
  const names = links.slice(0, MAX_NAMED).map(({ name }) => name)
  const rest = links.length - names.length
  return `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
