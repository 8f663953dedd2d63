import type {
  AgeCriterion,
  AgeRange,
  DemographicCriterion,
  Elapsed,
  EventCriterion,
  LocationCriterion,
  Range,
} from '../tree/cohort.ts'

/** The names of concepts by ID. A concept without a name is written as its ID. */
export type ConceptNames = ReadonlyMap<number, string>

const MAX_NAME_LENGTH = 80

/** `Essential hypertension (320128)`, or `concept 320128` if the name is not known. */
export function conceptWords(concept: number, names: ConceptNames): string {
  const name = names.get(concept)
  if (name === undefined) return `concept ${concept}`
  // A vocabulary is data of the site: it must not add lines or control sequences.
  const line = name.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const short = line.length > MAX_NAME_LENGTH ? `${line.slice(0, MAX_NAME_LENGTH - 1)}…` : line
  return short === '' ? `concept ${concept}` : `${short} (${concept})`
}

/** `with Asthma (317009) recorded in the last 6 months`; without it if `negated`. */
export function eventWords(event: EventCriterion, names: ConceptNames, negated: boolean): string {
  const parts = [`${negated ? 'without' : 'with'} ${conceptWords(event.concept, names)}`]
  if (event.only === 'death') parts.push('as a cause of death')
  if (event.value !== null) parts.push(valueWords(event.value))
  if (event.unit !== undefined) parts.push(`in ${event.unit}`)
  const recorded = [
    ...(event.ageAtEvent === null ? [] : [ageAtEventWords(event.ageAtEvent)]),
    ...(event.elapsed === null ? [] : [elapsedWords(event.elapsed)]),
  ]
  if (recorded.length > 0) parts.push(`recorded ${recorded.join(' and ')}`)
  if (event.provenance.length > 0) {
    const types = event.provenance.map((type) => conceptWords(type, names))
    parts.push(`in a record of type ${types.join(' or ')}`)
  }
  return parts.join(' ')
}

export function demographicWords(
  { concept }: DemographicCriterion,
  names: ConceptNames,
  negated: boolean,
): string {
  const noun = genderNoun(concept)
  if (noun !== undefined) return `who are ${negated ? 'not ' : ''}${noun}`
  const words = concept === 0 ? 'known, but without a concept, which matches no one' : ''
  const value = words === '' ? conceptWords(concept, names) : words
  return `whose gender, race or ethnicity is ${negated ? 'not ' : ''}${value}`
}

/** The noun for people of a gender of the standard vocabulary. */
export function genderNoun(concept: number): 'men' | 'women' | undefined {
  if (concept === 8507) return 'men'
  return concept === 8532 ? 'women' : undefined
}

export function ageWords({ age }: AgeCriterion, negated: boolean): string {
  return `${negated ? 'not ' : ''}aged ${rangeWords(age, { unit: ageUnit(age) })}`
}

export function locationWords(
  { latitude, longitude, radius }: LocationCriterion,
  negated: boolean,
): string {
  const distance = radius >= 1000 ? `${radius / 1000} km` : `${radius} m`
  return `${negated ? 'not ' : ''}living within ${distance} of latitude ${latitude}, longitude ${longitude}`
}

const ageUnit = (age: AgeRange): string => (age.unit === 'month' ? 'month' : '')

const ageAtEventWords = (age: AgeRange): string =>
  `at the age of ${rangeWords(age, { unit: ageUnit(age) })}`

function valueWords(value: Range): string {
  const { low, high } = value
  if (low === null && high === null) return 'with a value'
  return `with a value of ${rangeWords(value, { atLeast: 'more', atMost: 'less' })}`
}

/** `40 or over`, `65 or under`, `40 to 65`, `40`: both ends are included. */
function rangeWords(
  { low, high }: Range,
  words: { unit?: string; atLeast?: string; atMost?: string },
): string {
  const { unit = '', atLeast = 'over', atMost = 'under' } = words
  if (low === null && high === null) return 'any number that is known'
  if (low === null) return `${counted(high ?? 0, unit)} or ${atMost}`
  if (high === null) return `${counted(low, unit)} or ${atLeast}`
  if (low === high) return counted(low, unit)
  const order = low > high ? ', which matches no one' : ''
  return `${low} to ${counted(high, unit)}${order}`
}

function elapsedWords({ atLeast, lessThan, unit }: Elapsed): string {
  if (atLeast === null && lessThan === null) return 'with a date'
  if (lessThan === null) return `at least ${counted(atLeast ?? 0, unit)} ago`
  if (atLeast === null) return `in the last ${lessThan === 1 ? unit : counted(lessThan, unit)}`
  return `at least ${counted(atLeast, unit)} and less than ${counted(lessThan, unit)} ago`
}

function counted(count: number, unit: string): string {
  if (unit === '') return String(count)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
