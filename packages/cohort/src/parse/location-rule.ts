import type { RuleMessage } from '@warren/task-api'
import { type Cohort, type CohortOptions, NO_ONE } from '../tree/cohort.ts'
import { parseGeoCircle } from './geo-circle.ts'
import { quoted } from './problem-list.ts'
import { rejectProvenance } from './rule-members.ts'
import type { RuleProblems } from './rule-problems.ts'
import { parseTimeConstraint } from './time-constraint.ts'

/** A rule about where a person lives. Where locations are not read it finds nobody. */
export function parseLocationRule(
  rule: RuleMessage,
  options: CohortOptions,
  problems: RuleProblems,
): Cohort | undefined {
  const circle = readCircle(rule, problems)
  rejectTime(rule, problems)
  rejectProvenance(rule, problems)
  return circle === undefined || options.location ? circle : NO_ONE
}

function readCircle(rule: RuleMessage, problems: RuleProblems): Cohort | undefined {
  if (rule.type !== 'GEO_RADIUS') {
    return problems.add(
      'type',
      `${quoted(rule.type)} is not understood: a Location is asked for by GEO_RADIUS`,
    )
  }
  const circle = parseGeoCircle(rule.value)
  return circle.ok ? circle.value : problems.add('value', circle.message)
}

function rejectTime(rule: RuleMessage, problems: RuleProblems): void {
  const time = parseTimeConstraint(rule.time)
  if (!time.ok) {
    problems.add('time', time.message)
  } else if (time.value.kind !== 'none') {
    problems.add('time', 'a Location has no date: leave it out')
  }
}
