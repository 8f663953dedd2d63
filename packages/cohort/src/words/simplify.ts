import { type Cohort, EVERYONE, NO_ONE } from '../tree/cohort.ts'

/**
 * The same people in fewer parts: without double negations, nested groups of one kind, groups of one member, and members
 * that change nothing.
 */
export function simplify(cohort: Cohort): Cohort {
  switch (cohort.kind) {
    case 'not': {
      const member = simplify(cohort.member)
      if (member.kind === 'not') return member.member
      if (member.kind === 'everyone') return NO_ONE
      return member.kind === 'no-one' ? EVERYONE : { kind: 'not', member }
    }
    case 'all':
    case 'any': {
      const { kind } = cohort
      const [neutral, decisive] = kind === 'all' ? [EVERYONE, NO_ONE] : [NO_ONE, EVERYONE]
      const members = cohort.members
        .map((member) => simplify(member))
        .flatMap((member) => (member.kind === kind ? member.members : [member]))
        .filter((member) => member.kind !== neutral.kind)
      if (members.some((member) => member.kind === decisive.kind)) return decisive
      const [only] = members
      if (only === undefined) return neutral
      return members.length === 1 ? only : { kind, members }
    }
    case 'everyone':
    case 'no-one':
    case 'demographic':
    case 'age':
    case 'event':
    case 'location':
      return cohort
    default:
      return cohort satisfies never
  }
}
