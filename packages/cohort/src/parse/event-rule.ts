import type { RuleMessage } from '@warren/task-api'
import { type ClinicalTable, searchedTables } from '../cdm/clinical-tables.ts'
import type { Cohort, CohortOptions, Range } from '../tree/cohort.ts'
import { isConceptId } from '../tree/concept-id.ts'
import { parseConceptId, parseConceptName } from './concept-id.ts'
import { quoted } from './problem-list.ts'
import { isInverted, isOpen, parseRange } from './range.ts'
import { readProvenance, rejectUnit, requireConceptVarname } from './rule-members.ts'
import type { RuleProblems } from './rule-problems.ts'
import { parseTimeConstraint } from './time-constraint.ts'

/** A rule about a record: a condition, a drug, a measurement and so on. */
export function parseEventRule(
  rule: RuleMessage,
  { table, separate }: ClinicalTable,
  options: CohortOptions,
  problems: RuleProblems,
): Cohort | undefined {
  const search = readConceptSearch(rule, problems)
  const unit = readUnit(rule, options, problems)
  const time = parseTimeConstraint(rule.time)
  if (!time.ok) problems.add('time', time.message)
  const provenance = readProvenance(rule, problems)
  if (search === undefined || !time.ok) return undefined
  return {
    kind: 'event',
    concept: search.concept,
    // With a unit, any number is not any record.
    value: search.value ?? (unit === '' ? null : { low: null, high: null }),
    ageAtEvent: time.value.kind === 'age' ? time.value.age : null,
    elapsed: time.value.kind === 'elapsed' ? time.value.elapsed : null,
    provenance,
    ...(unit === '' ? {} : { unit }),
    ...(separate ? { only: table } : {}),
  }
}

/** Longer than any UCUM code in use. */
const MAX_UNIT_LENGTH = 50

/** "" if the rule has no unit. */
function readUnit(rule: RuleMessage, options: CohortOptions, problems: RuleProblems): string {
  const unit = rule.unit.trim()
  if (unit === '') return ''
  if (rule.type !== 'NUM') {
    rejectUnit(rule, problems)
  } else if (unit.length > MAX_UNIT_LENGTH || /[\p{C}\p{Z}]/u.test(unit)) {
    problems.add(
      'unit',
      `${quoted(unit)} is not a unit: write a UCUM code, or the concept ID of a unit`,
    )
  } else if (!searchedTables(options).some((table) => hasUnit(table, unit))) {
    problems.add(
      'unit',
      `this site has no units, so values in ${quoted(unit)} cannot be distinguished from others`,
    )
  }
  return unit
}

function hasUnit({ value, unit: concept, unitText }: ClinicalTable, unit: string): boolean {
  return value !== null && (concept !== null || (unitText !== null && !isConceptId(unit)))
}

interface ConceptSearch {
  readonly concept: number
  readonly value: Range | null
}

function readConceptSearch(rule: RuleMessage, problems: RuleProblems): ConceptSearch | undefined {
  switch (rule.type) {
    case 'TEXT':
      return readText(rule, problems)
    case 'NUM':
      return readNumeric(rule, problems)
    case 'GEO_RADIUS':
      return problems.add(
        'type',
        `type GEO_RADIUS does not fit varcat ${rule.varcat}: write TEXT or NUM`,
      )
    default:
      return problems.add('type', `unknown type ${quoted(rule.type)}: write TEXT or NUM`)
  }
}

function readText(rule: RuleMessage, problems: RuleProblems): ConceptSearch | undefined {
  requireConceptVarname(rule, problems)
  const concept = parseConceptId(rule.value)
  if (concept === undefined) {
    return problems.add(
      'value',
      `${quoted(rule.value)} is not a concept ID: write the digits of an OMOP concept ID`,
    )
  }
  return { concept, value: null }
}

function readNumeric(rule: RuleMessage, problems: RuleProblems): ConceptSearch | undefined {
  const concept = parseConceptName(rule.varname)
  if (concept === undefined) {
    problems.add(
      'varname',
      `${quoted(rule.varname)} does not name a concept: write OMOP=<concept ID>`,
    )
  }
  const range = parseRange(rule.value)
  if (!range.ok) return problems.add('value', range.message)
  if (isInverted(range.value)) {
    return problems.add(
      'value',
      `the bounds of ${quoted(rule.value)} are in the wrong order: write the smaller one first`,
    )
  }
  if (concept === undefined) return undefined
  return { concept, value: isOpen(range.value) ? null : range.value }
}
