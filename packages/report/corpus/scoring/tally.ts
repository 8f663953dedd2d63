import type { Scenario } from '../scenarios/scenario.ts'
import type { Comparison, Outcome } from './compare.ts'

/** A row of the table: a cause, or a group of healthy scenarios. */
export interface TallyRow {
  readonly cause: string
  expected: number
  found: number
  rightParty: number
  rightState: number
  missed: number
  /** Unexpected errors and warnings. */
  extra: number
  falseGreen: number
}

export interface Totals {
  readonly scenarios: number
  readonly expected: number
  /** With the right cause, link and party, and sufficient severity. */
  readonly right: number
  readonly rightShare: number
  readonly falseGreen: number
  readonly healthyRuns: number
  /** Errors and warnings on healthy runs. */
  readonly raisedOnHealthy: number
  readonly wrongVerdicts: number
  readonly wrongLinks: number
}

/** Minimum share of causes that must be found with the right party. */
const MIN_RIGHT_SHARE = 0.95

export function tally(comparisons: readonly Comparison[]): TallyRow[] {
  const rows = new Map<string, TallyRow>()
  const rowOf = (cause: string): TallyRow => {
    let row = rows.get(cause)
    if (row === undefined) {
      row = emptyRow(cause)
      rows.set(cause, row)
    }
    return row
  }
  for (const { scenario, outcomes, extra, falseGreen } of comparisons) {
    for (const outcome of outcomes) add(rowOf(causeOf(outcome)), outcome)
    const first = outcomes[0]
    const row = rowOf(first === undefined ? scenario.group : causeOf(first))
    row.extra += extra.length
    row.falseGreen += falseGreen.length > 0 ? 1 : 0
    if (first === undefined) row.expected++
    if (first === undefined && extra.length === 0) row.found++
  }
  return [...rows.values()]
}

function emptyRow(cause: string): TallyRow {
  const none = { expected: 0, found: 0, rightParty: 0, rightState: 0, missed: 0 }
  return { cause, ...none, extra: 0, falseGreen: 0 }
}

function add(row: TallyRow, { finding, partyRight, stateRight }: Outcome): void {
  row.expected++
  if (finding === undefined) row.missed++
  else row.found++
  if (partyRight) row.rightParty++
  if (stateRight) row.rightState++
}

function causeOf({ expected }: Outcome): string {
  return expected.causes[0] ?? 'nothing'
}

export function totals(comparisons: readonly Comparison[]): Totals {
  const outcomes = comparisons.flatMap((comparison) => comparison.outcomes)
  const right = outcomes.filter(({ finding, partyRight }) => finding !== undefined && partyRight)
  const healthy = comparisons.filter(({ scenario }) => isHealthy(scenario))
  return {
    scenarios: comparisons.length,
    expected: outcomes.length,
    right: right.length,
    rightShare: outcomes.length === 0 ? 1 : right.length / outcomes.length,
    falseGreen: comparisons.filter(({ falseGreen }) => falseGreen.length > 0).length,
    healthyRuns: healthy.length,
    raisedOnHealthy: healthy.reduce((sum, { extra }) => sum + extra.length, 0),
    wrongVerdicts: comparisons.filter(({ verdictRight }) => !verdictRight).length,
    wrongLinks: comparisons.reduce((sum, { wrongLinks }) => sum + wrongLinks.length, 0),
  }
}

/** There is no fault and all important logs were collected. */
function isHealthy({ plan, truth }: Scenario): boolean {
  return plan.faults.length === 0 && truth.falseGreen.length === 0
}

/** The score is sufficient. */
export function passes({ rightShare, falseGreen, raisedOnHealthy }: Totals): boolean {
  return rightShare >= MIN_RIGHT_SHARE && falseGreen === 0 && raisedOnHealthy === 0
}

/** One line per problem, for the developer who fixes it. */
export function misses(comparisons: readonly Comparison[]): string[] {
  return comparisons.flatMap((comparison) => {
    const { scenario, outcomes, extra, falseGreen, wrongLinks, verdict, verdictRight } = comparison
    const lines: string[] = []
    for (const { expected, finding, partyRight, stateRight } of outcomes) {
      const what = `${expected.causes.join(' or ')}${expected.on === undefined ? '' : ` of ${expected.on[0] ?? ''}`}`
      if (finding === undefined) {
        lines.push(`missed: ${what} (at least ${expected.severity})`)
      } else if (!partyRight) {
        const parties = expected.parties.join(' or ')
        lines.push(`party: ${what}: ${finding.party} instead of ${parties}`)
      } else if (!stateRight) {
        lines.push(`state: ${what}: ${finding.status} instead of ${expected.state}`)
      }
    }
    for (const { name, state } of wrongLinks) {
      lines.push(`link: ${name} is ${state} instead of ${scenario.truth.links ?? 'anything'}`)
    }
    for (const reason of falseGreen) lines.push(`wrongly healthy: ${reason}`)
    for (const { severity, cause, title } of extra)
      lines.push(`extra: ${severity} ${cause}: ${title}`)
    if (!verdictRight && falseGreen.length === 0) {
      lines.push(`verdict: ${verdict} instead of ${scenario.truth.verdicts.join(' or ')}`)
    }
    return lines.map((line) => `${scenario.name}: ${line}`)
  })
}
