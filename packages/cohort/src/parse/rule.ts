import type { RuleMessage } from '@warren/task-api'
import { CLINICAL_TABLES, type ClinicalTable } from '../cdm/clinical-tables.ts'
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
  if (rule.ext !== '') {
    problems.add('ext', `the meaning of ext ${quoted(rule.ext)} is not known: leave ext out`)
  }
  const found = rejectUnknownType(rule, problems)
    ? undefined
    : parseByCategory(rule, options, problems)
  if (found === undefined || excluded === undefined) return undefined
  return excluded ? { kind: 'not', member: found } : found
}

/** Types that upstreams name, but whose meaning is not published. */
const UNDEFINED_TYPES = ['ALT', 'ALTERNATIVE', 'SET', 'BOOLEAN']

function rejectUnknownType(rule: RuleMessage, problems: RuleProblems): boolean {
  if (!UNDEFINED_TYPES.includes(rule.type.trim().toUpperCase())) return false
  problems.add(
    'type',
    `rules of type ${quoted(rule.type)} are not supported: write a TEXT rule per concept, in an OR group`,
  )
  return true
}

/** The event tables by the `varcat` values that ask for them. */
const EVENT_CATEGORIES = new Map(
  CLINICAL_TABLES.flatMap((table) =>
    table.categories.map((category) => [category, table] as const),
  ),
)

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
    default: {
      const table = EVENT_CATEGORIES.get(rule.varcat)
      if (table !== undefined) return parseEventCategory(rule, table, options, problems)
      const known = ['Person', ...EVENT_CATEGORIES.keys(), 'Location'].join(', ')
      return problems.add(
        'varcat',
        `unknown category ${quoted(rule.varcat)}: write one of ${known}`,
      )
    }
  }
}

/** A site cannot answer about data that it does not read: 0 would look like an answer. */
function parseEventCategory(
  rule: RuleMessage,
  table: ClinicalTable,
  options: CohortOptions,
  problems: RuleProblems,
): Cohort | undefined {
  const found = parseEventRule(rule, table, options, problems)
  if (table.switch === undefined || options[table.switch] === true) return found
  return problems.add(
    'varcat',
    `this site does not read ${rule.varcat} data, so a ${rule.varcat} rule cannot be answered`,
  )
}

function readOperator(rule: RuleMessage, problems: RuleProblems): boolean | undefined {
  if (rule.oper === '=') return false
  if (rule.oper === '!=') return true
  return problems.add('oper', `unknown operator ${quoted(rule.oper)}: write = or !=`)
}
