import type { Finding, Link, ReportDocument } from '../../src/document/report-document.ts'
import type { Severity } from '../../src/vocabulary/judgement.ts'
import type { ExpectedFinding, Scenario } from '../scenarios/scenario.ts'

/** The result for one expected finding. */
export interface Outcome {
  readonly expected: ExpectedFinding
  /** Undefined if missed. */
  readonly finding: Finding | undefined
  readonly partyRight: boolean
  readonly stateRight: boolean
}

/** A scenario compared with its report. */
export interface Comparison {
  readonly scenario: Scenario
  readonly outcomes: readonly Outcome[]
  /** Errors and warnings that are neither expected nor consequences. */
  readonly extra: readonly Finding[]
  /** Places where the report calls a fault healthy. */
  readonly falseGreen: readonly string[]
  /** Links of clients in a wrong state. */
  readonly wrongLinks: readonly Link[]
  readonly verdict: string
  readonly verdictRight: boolean
}

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'error']

export function compare(scenario: Scenario, report: ReportDocument): Comparison {
  const { truth } = scenario
  const outcomes = truth.findings.map((expected) => outcomeOf(expected, report))
  const matched = new Set(outcomes.map(({ finding }) => finding))
  const known = new Set([...truth.mayFind, ...truth.findings.flatMap(({ causes }) => causes)])
  return {
    scenario,
    outcomes,
    extra: report.findings.filter((finding) => {
      return finding.severity !== 'info' && !matched.has(finding) && !known.has(finding.cause)
    }),
    falseGreen: falseGreens(scenario, report),
    wrongLinks: report.links.filter((link) => {
      return link.kind === 'poll' && truth.links !== undefined && link.state !== truth.links
    }),
    verdict: report.verdict,
    verdictRight: truth.verdicts.includes(report.verdict),
  }
}

function outcomeOf(expected: ExpectedFinding, report: ReportDocument): Outcome {
  const candidates = report.findings
    .filter((finding) => {
      const severe = SEVERITIES.indexOf(finding.severity) >= SEVERITIES.indexOf(expected.severity)
      return severe && expected.causes.includes(finding.cause) && isAbout(finding, expected, report)
    })
    .map((finding) => ({
      finding,
      partyRight: expected.parties.includes(finding.party),
      stateRight: isState(finding, expected.state),
    }))
    .sort((a, b) => points(b) - points(a))
  const [best] = candidates
  return { expected, ...(best ?? { finding: undefined, partyRight: false, stateRight: false }) }
}

function points({ partyRight, stateRight }: { partyRight: boolean; stateRight: boolean }): number {
  return (partyRight ? 2 : 0) + (stateRight ? 1 : 0)
}

function isState({ status }: Finding, state: ExpectedFinding['state']): boolean {
  if (state === 'any') return status !== 'expected'
  return status === state || (state === 'recovered' && status === 'observed')
}

/** The finding is about one of the names. They are compared as whole words: `site-a` is not `site-a2`. */
function isAbout(finding: Finding, { on }: ExpectedFinding, report: ReportDocument): boolean {
  if (on === undefined) return true
  const link = report.links.find(({ id }) => id === finding.link)
  const ids = [finding.component, link?.from, link?.to]
  const components = report.components.filter(({ id }) => ids.includes(id))
  const text = [
    finding.title,
    finding.partyName,
    link?.name,
    ...components.flatMap(({ name, cluster, pod }) => [name, cluster, pod]),
  ].join(' ')
  return on.some((name) => hasWord(text, name))
}

function hasWord(text: string, word: string): boolean {
  const at = text.indexOf(word)
  if (at < 0) return false
  const next = text[at + word.length] ?? ' '
  return !/[a-z0-9]/i.test(next) || hasWord(text.slice(at + 1), word)
}

function falseGreens({ truth }: Scenario, report: ReportDocument): string[] {
  const reasons: string[] = []
  if (truth.falseGreen.includes(report.verdict)) reasons.push(`verdict is ${report.verdict}`)
  for (const row of truth.notPassed) {
    const check = report.checklist.find(({ id }) => id === row)
    if (check === undefined) throw new Error(`the checklist has no row ${row}`)
    if (check.state === 'passed') reasons.push(`the checklist passes "${check.title}"`)
  }
  for (const expected of truth.findings) {
    const green = report.links.find((link) => isGreenLinkOf(link, expected))
    if (green !== undefined) reasons.push(`link ${green.name} is ${green.state}`)
  }
  return reasons
}

/** A client with an ongoing outage must not have a healthy link. */
function isGreenLinkOf(link: Link, { on, severity, state }: ExpectedFinding): boolean {
  if (on === undefined || severity !== 'error' || state !== 'ongoing' || link.kind !== 'poll') {
    return false
  }
  const green =
    link.state === 'healthy-idle' || link.state === 'serving' || link.state === 'recovered'
  return green && on.some((name) => hasWord(link.name, name))
}
