import type { RuleMessage } from '@warren/task-api'
import { type Cohort, type CohortOptions, NO_ONE } from '../tree/cohort.ts'
import { parseGeoCircle } from './geo-circle.ts'
import { quoted } from './problem-list.ts'
import { rejectProvenance } from './rule-members.ts'
import type { RuleProblems } from './rule-problems.ts'
import { parseTimeConstraint } from './time-constraint.ts'

/** A rule about where a person lives. At a site without Location data it matches no one. */
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
      `type ${quoted(rule.type)} does not fit varcat Location: write GEO_RADIUS`,
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
    problems.add('time', 'a Location rule has no date: leave time out')
  }
}
