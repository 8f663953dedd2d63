import type { RuleMessage } from '@warren/task-api'
import { parseConceptId, parseConceptName } from './concept-id.ts'
import { quoted } from './problem-list.ts'
import type { RuleProblems } from './rule-problems.ts'

/** A concept from another vocabulary, taken for an OMOP concept id, would be another cohort. */
export function requireConceptVarname(rule: RuleMessage, problems: RuleProblems): void {
  const varname = rule.varname.trim().toUpperCase()
  if (varname === '' || varname === 'OMOP') return
  const named = parseConceptName(rule.varname)
  if (named !== undefined && named === parseConceptId(rule.value)) return
  problems.add(
    'varname',
    varname === 'AGE'
      ? 'an AGE of today belongs to varcat Person; for an age at the event use time, e.g. 50|:AGE:Y'
      : `${quoted(rule.varname)} is not understood: write OMOP, with the concept id as value`,
  )
}

/** `secondary_modifier` without its zeros, which stand for "no matter". */
export function readProvenance(rule: RuleMessage, problems: RuleProblems): readonly number[] {
  for (const id of rule.secondary_modifier) {
    if (!Number.isSafeInteger(id) || id < 0) {
      problems.add('secondary_modifier', `${id} is not a concept id: write whole numbers`)
    }
  }
  return [...new Set(rule.secondary_modifier)].filter((id) => id !== 0)
}

export function rejectProvenance(rule: RuleMessage, problems: RuleProblems): void {
  if (readProvenance(rule, problems).length > 0) {
    problems.add(
      'secondary_modifier',
      `a rule with varcat ${rule.varcat} has no record whose origin could be asked for: leave it out`,
    )
  }
}
