import { join } from 'node:path'
import { compareReports } from '../../src/comparison/compare-reports.ts'
import type { Comparison } from '../../src/document/comparison-schema.ts'
import { collect } from '../scenarios/collect.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { reportOn } from '../scoring/report-on.ts'
import { writeFiles } from '../scoring/write-files.ts'
import type { Pair } from './pairs.ts'

/** A pair compared with its truth. */
export interface PairResult {
  readonly pair: Pair
  readonly comparison: Comparison
  /** What is wrong, one text each; empty if all is right. */
  readonly problems: readonly string[]
  /** The comparison calls a failure gone, or all failures gone, without proof. */
  readonly falselyGone: boolean
}

/** Writes both sets of logs below `folder`, reports on them and compares. */
export async function comparePair(pair: Pair, folder: string): Promise<PairResult> {
  const before = await report(pair.before, join(folder, 'before'))
  const after = await report(pair.after, join(folder, 'after'))
  const comparison = compareReports(before, after, 'against')
  return { pair, comparison, ...judge(pair, comparison) }
}

async function report(scenario: Scenario, folder: string): ReturnType<typeof reportOn> {
  const files = collect(scenario)
  writeFiles(folder, files)
  return reportOn(scenario, folder, files)
}

function judge(
  { truth }: Pair,
  { answer, failures }: Comparison,
): Pick<PairResult, 'problems' | 'falselyGone'> {
  const problems: string[] = []
  const concerned = failures.filter(({ cause }) => truth.causes.includes(cause))
  if (concerned.length === 0)
    problems.push(`missed: ${truth.causes.join(' or ')} is not among the failures of before`)
  for (const { title, outcome, text } of concerned) {
    if (!truth.outcomes.includes(outcome))
      problems.push(`${title}: ${outcome} instead of ${truth.outcomes.join(' or ')}: ${text}`)
  }
  if (!truth.answers.includes(answer))
    problems.push(`answer: ${answer} instead of ${truth.answers.join(' or ')}`)
  const falselyGone =
    (answer === 'gone' && !truth.answers.includes('gone')) ||
    (!truth.outcomes.includes('gone') && concerned.some(({ outcome }) => outcome === 'gone'))
  return { problems, falselyGone }
}
