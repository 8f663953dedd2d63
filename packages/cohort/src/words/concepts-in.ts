import type { Cohort } from '../tree/cohort.ts'

export interface ConceptsIn {
  /** What the rules ask for: a diagnosis, a drug, a gender. */
  readonly searched: readonly number[]
  /** The origins of records that the rules select by (`secondary_modifier`). */
  readonly recordTypes: readonly number[]
}

/** The concepts in a cohort, each once, in ascending order. */
export function conceptsIn(cohort: Cohort): ConceptsIn {
  const searched = new Set<number>()
  const recordTypes = new Set<number>()
  const visit = (part: Cohort): void => {
    switch (part.kind) {
      case 'all':
      case 'any':
        for (const member of part.members) visit(member)
        return
      case 'not':
        visit(part.member)
        return
      case 'demographic':
        searched.add(part.concept)
        return
      case 'event':
        searched.add(part.concept)
        for (const type of part.provenance) recordTypes.add(type)
        return
      case 'everyone':
      case 'no-one':
      case 'age':
      case 'location':
        return
      default:
        part satisfies never
    }
  }
  visit(cohort)
  return { searched: ascending(searched), recordTypes: ascending(recordTypes) }
}

const ascending = (ids: Set<number>): number[] => [...ids].toSorted((a, b) => a - b)

/** The criteria of a cohort without its operators. `negated`: under an odd number of exclusions. */
export function criteriaIn(cohort: Cohort): readonly { criterion: Cohort; negated: boolean }[] {
  const criteria: { criterion: Cohort; negated: boolean }[] = []
  const visit = (part: Cohort, negated: boolean): void => {
    switch (part.kind) {
      case 'all':
      case 'any':
        for (const member of part.members) visit(member, negated)
        return
      case 'not':
        visit(part.member, !negated)
        return
      case 'everyone':
      case 'no-one':
      case 'demographic':
      case 'event':
      case 'age':
      case 'location':
        criteria.push({ criterion: part, negated })
        return
      default:
        part satisfies never
    }
  }
  visit(cohort, false)
  return criteria
}
