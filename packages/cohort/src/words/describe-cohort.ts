import type { Cohort } from '../tree/cohort.ts'
import { simplify } from './simplify.ts'
import {
  ageWords,
  type ConceptNames,
  demographicWords,
  eventWords,
  genderNoun,
  locationWords,
} from './criterion-words.ts'

export interface DescribeOptions {
  /** From `conceptsIn` and the vocabulary of the site; absent: IDs only. */
  readonly names?: ConceptNames
  /** Characters. A longer description is cut and ends in `…`. Default: 4,000. */
  readonly maxLength?: number
}

const MAX_LENGTH = 4_000

/**
 * A cohort in plain words, on one line: `women aged 40 or over, with Essential hypertension (320128) and without Asthma
 * (317009)`. Alternatives and nested groups are in brackets, so that each sentence has one meaning.
 */
export function describeCohort(
  cohort: Cohort,
  { names = new Map(), maxLength = MAX_LENGTH }: DescribeOptions = {},
): string {
  const words = new CohortWords(names).people(simplify(cohort))
  return words.length > maxLength ? `${words.slice(0, Math.max(0, maxLength - 1))}…` : words
}

/** A cohort that `simplify` has returned. */
class CohortWords {
  readonly #names: ConceptNames

  constructor(names: ConceptNames) {
    this.#names = names
  }

  /** A noun with its conditions: `women with …`. */
  people(cohort: Cohort): string {
    switch (cohort.kind) {
      case 'everyone':
        return 'everyone'
      case 'no-one':
        return 'no one'
      case 'any':
        if (cohort.members.every((member) => isSimple(member) && !isGender(member))) break
        return cohort.members.map((member) => this.people(member)).join('; or ')
      case 'all':
        return this.#peopleWithAll(cohort.members)
      case 'not':
      case 'demographic':
      case 'age':
      case 'event':
      case 'location':
        break
      default:
        return cohort satisfies never
    }
    const noun = nounOf(cohort)
    return noun ?? `people ${this.#phrase(cohort, false)}`
  }

  #peopleWithAll(members: readonly Cohort[]): string {
    // Two genders cannot be one noun: the second one stays a condition, which no one satisfies.
    const gender = members.find((member) => isGender(member))
    const noun = (gender === undefined ? undefined : nounOf(gender)) ?? 'people'
    const phrases = members
      .filter((member) => member !== gender)
      .map((member) => this.#member(member, 'all'))
    return `${noun} ${list(phrases, 'and')}`
  }

  /** A condition that follows a noun: `with …`, `aged …`. */
  #phrase(cohort: Cohort, negated: boolean): string {
    switch (cohort.kind) {
      case 'everyone':
        return negated ? 'who do not exist' : 'of any kind'
      case 'no-one':
        return negated ? 'of any kind' : 'who do not exist'
      case 'all':
      case 'any': {
        const phrases = cohort.members.map((member) => this.#member(member, cohort.kind))
        const joined = list(phrases, cohort.kind === 'all' ? 'and' : 'or')
        return negated ? `not (${joined})` : joined
      }
      case 'not':
        return this.#phrase(cohort.member, !negated)
      case 'demographic':
        return demographicWords(cohort, this.#names, negated)
      case 'age':
        return ageWords(cohort, negated)
      case 'event':
        return eventWords(cohort, this.#names, negated)
      case 'location':
        return locationWords(cohort, negated)
      default:
        return cohort satisfies never
    }
  }

  #member(member: Cohort, parent: 'all' | 'any'): string {
    const words = this.#phrase(member, false)
    return (member.kind === 'all' || member.kind === 'any') && member.kind !== parent
      ? `(${words})`
      : words
  }
}

/** One condition without a group inside. */
function isSimple(cohort: Cohort): boolean {
  if (cohort.kind === 'not') return isSimple(cohort.member)
  return cohort.kind !== 'all' && cohort.kind !== 'any'
}

const isGender = (cohort: Cohort): boolean => nounOf(cohort) !== undefined

const nounOf = (cohort: Cohort): 'men' | 'women' | undefined =>
  cohort.kind === 'demographic' ? genderNoun(cohort.concept) : undefined

/** `a, b and c` */
function list(phrases: readonly string[], conjunction: 'and' | 'or'): string {
  const last = phrases.at(-1) ?? ''
  if (phrases.length < 2) return last
  return `${phrases.slice(0, -1).join(', ')} ${conjunction} ${last}`
}
