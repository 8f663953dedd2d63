import type { RuleMessage } from '@warren/task-api'
import { parseConceptId, parseConceptName } from './concept-id.ts'
import { quoted } from './problem-list.ts'
import type { RuleProblems } from './rule-problems.ts'

/** Rejects concepts of other vocabularies: read as OMOP concept IDs, they would mean something else. */
export function requireConceptVarname(rule: RuleMessage, problems: RuleProblems): void {
  const varname = rule.varname.trim().toUpperCase()
  if (varname === '' || varname === 'OMOP') return
  const named = parseConceptName(rule.varname)
  if (named !== undefined && named === parseConceptId(rule.value)) return
  problems.add(
    'varname',
    varname === 'AGE'
      ? 'varname AGE is for varcat Person only: for the age at an event, write time, for example 50|:AGE:Y'
      : `unknown varname ${quoted(rule.varname)}: write OMOP, and the concept ID as value`,
  )
}

/** `secondary_modifier` without its zeros, which mean "any". */
export function readProvenance(rule: RuleMessage, problems: RuleProblems): readonly number[] {
  for (const id of rule.secondary_modifier) {
    if (!Number.isSafeInteger(id) || id < 0) {
      problems.add('secondary_modifier', `${id} is not a concept ID: write a whole number`)
    }
  }
  return [...new Set(rule.secondary_modifier)].filter((id) => id !== 0)
}

export function rejectProvenance(rule: RuleMessage, problems: RuleProblems): void {
  if (readProvenance(rule, problems).length > 0) {
    problems.add(
      'secondary_modifier',
      `a ${rule.varcat} rule has no records to select by origin: leave secondary_modifier out`,
    )
  }
}

/** A unit says nothing without a value to compare. */
export function rejectUnit(rule: RuleMessage, problems: RuleProblems): void {
  if (rule.unit.trim() !== '') {
    problems.add('unit', `a rule without a range of values has no unit: leave unit out`)
  }
}
