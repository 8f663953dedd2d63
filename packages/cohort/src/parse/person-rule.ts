import type { RuleMessage } from '@warren/task-api'
import { type AgeRange, type Cohort, EVERYONE, type Range } from '../tree/cohort.ts'
import { parseConceptId } from './concept-id.ts'
import { quoted } from './problem-list.ts'
import { isOpen, parseRange, requireWhole } from './range.ts'
import type { RuleProblems } from './rule-problems.ts'
import { rejectProvenance, rejectUnit, requireConceptVarname } from './rule-members.ts'
import { parseTimeConstraint } from './time-constraint.ts'

/** A rule about the person: an age today, or a gender, race or ethnicity with an optional age today. */
export function parsePersonRule(rule: RuleMessage, problems: RuleProblems): Cohort | undefined {
  const fact = isAge(rule) ? readAge(rule, problems) : readDemographic(rule, problems)
  const time = readAgeToday(rule, problems)
  rejectProvenance(rule, problems)
  if (fact === undefined || time === undefined) return undefined
  return time.kind === 'everyone' ? fact : { kind: 'all', members: [fact, time] }
}

/** The names of the unit of an age; `a` is its UCUM code. */
const YEARS = ['year', 'years', 'y', 'a']

function isAge(rule: RuleMessage): boolean {
  return rule.varname.trim().toUpperCase() === 'AGE'
}

function readAge(rule: RuleMessage, problems: RuleProblems): Cohort | undefined {
  if (rule.type !== 'NUM' && rule.type !== 'TEXT') {
    return problems.add('type', `type ${quoted(rule.type)} does not fit varname AGE: write NUM`)
  }
  if (rule.unit.trim() !== '' && !YEARS.includes(rule.unit.trim().toLowerCase())) {
    problems.add(
      'unit',
      `${quoted(rule.unit)} is not a unit of AGE: ages are in years, so leave unit out`,
    )
  }
  const range = parseRange(rule.value)
  const years = range.ok ? requireWhole(wholeYears(range.value)) : range
  if (!years.ok) return problems.add('value', years.message)
  return ageToday({ ...years.value, unit: 'year' })
}

/** Ages are whole, so between 20.5 and 30.5 is from 21 to 30. */
function wholeYears({ low, high }: Range): Range {
  return {
    low: low === null ? null : Math.ceil(low) + 0,
    high: high === null ? null : Math.floor(high) + 0,
  }
}

function readDemographic(rule: RuleMessage, problems: RuleProblems): Cohort | undefined {
  requireConceptVarname(rule, problems)
  rejectUnit(rule, problems)
  if (rule.type !== 'TEXT') {
    return problems.add(
      'type',
      `type ${quoted(rule.type)} does not fit varcat ${rule.varcat}: write TEXT, or NUM with varname AGE`,
    )
  }
  const concept = parseConceptId(rule.value)
  if (concept === undefined) {
    return problems.add(
      'value',
      `${quoted(rule.value)} is not a concept ID: write the digits of the concept ID of a gender, race or ethnicity`,
    )
  }
  return { kind: 'demographic', concept }
}

function readAgeToday(rule: RuleMessage, problems: RuleProblems): Cohort | undefined {
  const time = parseTimeConstraint(rule.time)
  if (!time.ok) return problems.add('time', time.message)
  switch (time.value.kind) {
    case 'none':
      return EVERYONE
    case 'age':
      return ageToday(time.value.age)
    case 'elapsed':
      return problems.add(
        'time',
        `a ${rule.varcat} rule has no date for TIME: write an AGE, or leave time out`,
      )
    default:
      return time.value satisfies never
  }
}

function ageToday(age: AgeRange): Cohort {
  return isOpen(age) ? EVERYONE : { kind: 'age', age }
}
