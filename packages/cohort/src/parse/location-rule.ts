import type { RuleMessage } from '@warren/task-api'
import type { Cohort, CohortOptions } from '../tree/cohort.ts'
import { parseGeoCircle } from './geo-circle.ts'
import { quoted } from './problem-list.ts'
import { rejectProvenance, rejectUnit } from './rule-members.ts'
import type { RuleProblems } from './rule-problems.ts'
import { parseTimeConstraint } from './time-constraint.ts'

/** A rule about where a person lives. A site that does not read Location data cannot answer it. */
export function parseLocationRule(
  rule: RuleMessage,
  options: CohortOptions,
  problems: RuleProblems,
): Cohort | undefined {
  const circle = readCircle(rule, problems)
  rejectTime(rule, problems)
  rejectProvenance(rule, problems)
  rejectUnit(rule, problems)
  if (options.location) return circle
  return problems.add(
    'varcat',
    'this site does not read Location data, so a Location rule cannot be answered',
  )
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
