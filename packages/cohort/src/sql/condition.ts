import {
  type AgeNode,
  type AllNode,
  type AnyNode,
  type Cohort,
  type DemographicNode,
  type EventNode,
  type LocationNode,
  EVERYBODY,
  NOBODY,
  type EverybodyNode,
  type NobodyNode,
} from '../tree/cohort.ts'

/** Several event nodes in one: any of these concepts, under the same constraints. */
export interface EventSearch extends Omit<EventNode, 'concept'> {
  readonly concepts: readonly number[]
}

export type Leaf = DemographicNode | AgeNode | EventSearch | LocationNode

/** A cohort with its negations on the leaves, its nested operators flat and its events merged. */
export type Condition =
  | EverybodyNode
  | NobodyNode
  | { readonly kind: 'all' | 'any'; readonly members: readonly Condition[] }
  | { readonly kind: 'is'; readonly leaf: Leaf; readonly negated: boolean }

/**
 * Rewrites a cohort into the form the SQL is written from; who is in it stays the same.
 *
 * - A negation moves down to the leaves (`not (a or b)` is `not a and not b`). A leaf can be negated
 *   without NULL getting in the way, and the database sees the plain joins and anti-joins.
 * - "Any of these 40 concepts" becomes one search with 40 concepts in place of 40 searches.
 */
export function conditionOf(cohort: Cohort, negated = false): Condition {
  switch (cohort.kind) {
    case 'everybody':
      return negated ? NOBODY : EVERYBODY
    case 'nobody':
      return negated ? EVERYBODY : NOBODY
    case 'not':
      return conditionOf(cohort.member, !negated)
    case 'all':
    case 'any':
      return combine(cohort, negated)
    case 'demographic':
      // "No matching concept" says nothing about anybody.
      if (cohort.concept === 0) return conditionOf(NOBODY, negated)
      return { kind: 'is', leaf: cohort, negated }
    case 'event': {
      const { concept, ...constraints } = cohort
      return { kind: 'is', leaf: { ...constraints, concepts: [concept] }, negated }
    }
    case 'age':
    case 'location':
      return { kind: 'is', leaf: cohort, negated }
    default:
      return cohort satisfies never
  }
}

function combine(cohort: AllNode | AnyNode, negated: boolean): Condition {
  const kind = (cohort.kind === 'all') === negated ? 'any' : 'all'
  const [neutral, decisive] = kind === 'all' ? [EVERYBODY, NOBODY] : [NOBODY, EVERYBODY]
  const members = cohort.members
    .map((member) => conditionOf(member, negated))
    .flatMap((member) => (member.kind === kind ? member.members : [member]))
    .filter((member) => member.kind !== neutral.kind)
  if (members.some((member) => member.kind === decisive.kind)) return decisive
  const merged = mergeEvents(members, kind === 'all')
  const [first] = merged
  if (first === undefined) return neutral
  return merged.length === 1 ? first : { kind, members: merged }
}

/** Under `any`, searches that differ only in the concept become one; under `all`, negated ones do. */
function mergeEvents(members: readonly Condition[], negated: boolean): readonly Condition[] {
  const merged = new Map<string, Condition>()
  for (const [index, member] of members.entries()) {
    if (member.kind !== 'is' || member.leaf.kind !== 'event' || member.negated !== negated) {
      merged.set(`at ${index}`, member)
      continue
    }
    const { concepts, ...constraints } = member.leaf
    const key = JSON.stringify(constraints)
    const earlier = merged.get(key)
    const known =
      earlier?.kind === 'is' && earlier.leaf.kind === 'event' ? earlier.leaf.concepts : []
    const union = [...new Set([...known, ...concepts])]
    merged.set(key, { kind: 'is', leaf: { ...constraints, concepts: union }, negated })
  }
  return [...merged.values()]
}
