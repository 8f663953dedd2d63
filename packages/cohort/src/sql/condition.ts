import {
  type AgeCriterion,
  type AllOf,
  type AnyOf,
  type Cohort,
  type DemographicCriterion,
  type EventCriterion,
  type Everyone,
  type LocationCriterion,
  type NoOne,
  EVERYONE,
  NO_ONE,
} from '../tree/cohort.ts'

/** An event criterion that any of several concepts satisfies, under the same constraints. */
export interface EventAlternative extends Omit<EventCriterion, 'kind' | 'concept'> {
  readonly concepts: readonly number[]
}

/** At least one event that satisfies at least one of these. */
export interface EventSearch {
  readonly kind: 'events'
  readonly alternatives: readonly EventAlternative[]
}

export type Criterion = DemographicCriterion | AgeCriterion | EventSearch | LocationCriterion

/** A cohort whose negations are at the criteria, with nested operators flattened and events merged. */
export type Condition =
  | Everyone
  | NoOne
  | { readonly kind: 'all' | 'any'; readonly members: readonly Condition[] }
  | { readonly kind: 'criterion'; readonly criterion: Criterion; readonly negated: boolean }

/**
 * Rewrites a cohort into the form from which SQL is written. The people in it stay the same.
 *
 * - Negations move down to the criteria (`not (a or b)` becomes `not a and not b`). A single criterion
 *   can be negated correctly for NULL, and the database sees plain joins and anti-joins.
 * - Events that are alternatives become one search: each search costs a join over all people, and
 *   "any of these 40 concepts" is a common question.
 */
export function toCondition(cohort: Cohort, negated = false): Condition {
  switch (cohort.kind) {
    case 'everyone':
      return negated ? NO_ONE : EVERYONE
    case 'no-one':
      return negated ? EVERYONE : NO_ONE
    case 'not':
      return toCondition(cohort.member, !negated)
    case 'all':
    case 'any':
      return combine(cohort, negated)
    case 'demographic':
      // Concept 0 is "no matching concept", which describes no one.
      if (cohort.concept === 0) return toCondition(NO_ONE, negated)
      return { kind: 'criterion', criterion: cohort, negated }
    case 'event': {
      const { kind: _, concept, ...constraints } = cohort
      const alternatives = [{ ...constraints, concepts: [concept] }]
      return { kind: 'criterion', criterion: { kind: 'events', alternatives }, negated }
    }
    case 'age':
    case 'location':
      return { kind: 'criterion', criterion: cohort, negated }
    default:
      return cohort satisfies never
  }
}

function combine(cohort: AllOf | AnyOf, negated: boolean): Condition {
  const kind = (cohort.kind === 'all') === negated ? 'any' : 'all'
  const [neutral, decisive] = kind === 'all' ? [EVERYONE, NO_ONE] : [NO_ONE, EVERYONE]
  const members = cohort.members
    .map((member) => toCondition(member, negated))
    .flatMap((member) => (member.kind === kind ? member.members : [member]))
    .filter((member) => member.kind !== neutral.kind)
  if (members.some((member) => member.kind === decisive.kind)) return decisive
  const merged = mergeEvents(withoutRepetition(members), kind === 'all')
  const [first] = merged
  if (first === undefined) return neutral
  return merged.length === 1 ? first : { kind, members: merged }
}

function withoutRepetition(members: readonly Condition[]): readonly Condition[] {
  return [...new Map(members.map((member) => [JSON.stringify(member), member])).values()]
}

/** The number of searches the statement makes. Equal ones are made once; each alternative reads every table. */
export function searchCount(condition: Condition): number {
  const searches = new Map<string, number>()
  const visit = (part: Condition): void => {
    if (part.kind === 'all' || part.kind === 'any') part.members.forEach(visit)
    if (part.kind !== 'criterion') return
    const { criterion } = part
    if (criterion.kind === 'location') searches.set(JSON.stringify(criterion), 1)
    if (criterion.kind === 'events') {
      searches.set(JSON.stringify(criterion), criterion.alternatives.length)
    }
  }
  visit(condition)
  return [...searches.values()].reduce((sum, searched) => sum + searched, 0)
}

/** Merges "one event or another" (under `any`) and "neither of them" (under `all`) into one search. */
function mergeEvents(members: readonly Condition[], negated: boolean): readonly Condition[] {
  const merged: Condition[] = []
  const alternatives: EventAlternative[] = []
  let place: number | undefined
  for (const member of members) {
    if (
      member.kind === 'criterion' &&
      member.criterion.kind === 'events' &&
      member.negated === negated
    ) {
      place ??= merged.length
      alternatives.push(...member.criterion.alternatives)
    } else {
      merged.push(member)
    }
  }
  if (place === undefined) return merged
  const criterion: EventSearch = { kind: 'events', alternatives: mergeConcepts(alternatives) }
  return merged.toSpliced(place, 0, { kind: 'criterion', criterion, negated })
}

function mergeConcepts(alternatives: readonly EventAlternative[]): readonly EventAlternative[] {
  const merged = new Map<string, EventAlternative>()
  for (const { concepts, ...constraints } of alternatives) {
    const key = JSON.stringify(constraints)
    const known = merged.get(key)?.concepts ?? []
    merged.set(key, { ...constraints, concepts: [...new Set([...known, ...concepts])] })
  }
  return [...merged.values()]
}
