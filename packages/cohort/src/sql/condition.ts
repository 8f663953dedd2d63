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

/** An event node with several concepts: any of them, under the same constraints. */
export interface EventAlternative extends Omit<EventCriterion, 'kind' | 'concept'> {
  readonly concepts: readonly number[]
}

/** At least one event that satisfies at least one of these. */
export interface EventSearch {
  readonly kind: 'events'
  readonly alternatives: readonly EventAlternative[]
}

export type Criterion = DemographicCriterion | AgeCriterion | EventSearch | LocationCriterion

/** A cohort with its negations on the leaves, its nested operators flat and its events merged. */
export type Condition =
  | Everyone
  | NoOne
  | { readonly kind: 'all' | 'any'; readonly members: readonly Condition[] }
  | { readonly kind: 'criterion'; readonly criterion: Criterion; readonly negated: boolean }

/**
 * Rewrites a cohort into the form the SQL is written from; who is in it stays the same.
 *
 * - A negation moves down to the leaves (`not (a or b)` is `not a and not b`). A criterion can be negated
 *   without NULL getting in the way, and the database sees the plain joins and anti-joins.
 * - Events of which any will do become one search: each search costs a join over all persons, and
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
      // "No matching concept" says nothing about anybody.
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
  const merged = mergeEvents(members, kind === 'all')
  const [first] = merged
  if (first === undefined) return neutral
  return merged.length === 1 ? first : { kind, members: merged }
}

/** How many derived tables the statement joins; a search that occurs twice counts twice. */
export function searchCount(condition: Condition): number {
  switch (condition.kind) {
    case 'everyone':
    case 'no-one':
      return 0
    case 'criterion':
      return condition.criterion.kind === 'events' || condition.criterion.kind === 'location'
        ? 1
        : 0
    case 'all':
    case 'any':
      return condition.members.reduce((sum, member) => sum + searchCount(member), 0)
    default:
      return condition satisfies never
  }
}

/** Under `any`, having one event or another is one search; under `all`, having neither is. */
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
