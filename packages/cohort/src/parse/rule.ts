import type { RuleMessage } from '@warren/task-api'
import type { Cohort, CohortOptions } from '../tree/cohort.ts'
import { parseEventRule } from './event-rule.ts'
import { parseLocationRule } from './location-rule.ts'
import { parsePersonRule } from './person-rule.ts'
import { quoted } from './problem-list.ts'
import type { RuleProblems } from './rule-problems.ts'

/** `undefined` if the rule has problems. It has then added all of them. */
export function parseRule(
  rule: RuleMessage,
  options: CohortOptions,
  problems: RuleProblems,
): Cohort | undefined {
  const excluded = readOperator(rule, problems)
  if (rule.regex !== '') {
    problems.add('regex', 'text patterns are not supported: write the concept, and leave regex out')
  }
  if (excluded) rejectUnreadableExclusion(rule, options, problems)
  const found = parseByCategory(rule, options, problems)
  if (found === undefined || excluded === undefined) return undefined
  return excluded ? { kind: 'not', member: found } : found
}

function parseByCategory(
  rule: RuleMessage,
  options: CohortOptions,
  problems: RuleProblems,
): Cohort | undefined {
  switch (rule.varcat) {
    case 'Person':
    case 'Gender':
    case 'Race':
    case 'Ethnicity':
      return parsePersonRule(rule, problems)
    case 'Location':
      return parseLocationRule(rule, options, problems)
    case 'Condition':
    case 'Observation':
    case 'Drug':
    case 'Medication':
    case 'Measurement':
    case 'Procedure':
    case 'Specimen':
      return parseEventRule(rule, problems)
    default:
      return problems.add(
        'varcat',
        `unknown category ${quoted(rule.varcat)}: write Person, Condition, Observation, Drug, Medication, Measurement, Procedure, Specimen or Location`,
      )
  }
}

function readOperator(rule: RuleMessage, problems: RuleProblems): boolean | undefined {
  if (rule.oper === '=') return false
  if (rule.oper === '!=') return true
  return problems.add('oper', `unknown operator ${quoted(rule.oper)}: write = or !=`)
}

/** A site cannot exclude by data that it does not read: everyone would match. */
function rejectUnreadableExclusion(
  rule: RuleMessage,
  options: CohortOptions,
  problems: RuleProblems,
): void {
  const unreadable =
    (rule.varcat === 'Location' && !options.location) ||
    (rule.varcat === 'Specimen' && !options.specimen)
  if (unreadable) {
    problems.add(
      'oper',
      `this site has no ${rule.varcat} data, so a negated ${rule.varcat} rule cannot be answered`,
    )
  }
}
