import * as fc from 'fast-check'
import {
  CLINICAL_TABLES,
  type AgeRange,
  type CdmData,
  type ClinicalTable,
  type Cohort,
  type CohortOptions,
  type Range,
} from '../../src/index.ts'

/** A few values of each kind, including the edges, so that random questions match random rows. */
const concepts = fc.constantFrom(0, 11, 12)
const provenance = fc.constantFrom(0, 32_020, 32_021)
const locationIds = fc.constantFrom(1, 2, 3, 4)
const decimals = fc.constantFrom(
  -1_000_000_000,
  -5.5,
  -1,
  0,
  0.1,
  0.125,
  1,
  2,
  3.001,
  1_000_000_000,
)
const degreesNorth = fc.constantFrom(-91, -90, -40.5, 0, 55.9486, 55.9533, 56.5, 89.999, 90)
const degreesEast = fc.constantFrom(-361, -179.9, -3.1883, -3.1999, 0, 40, 179.9, 180, 356.8117)
const radii = fc.constantFrom(0, 1, 999, 10_000, 250_000, 5_000_000, 20_015_100)

export const TODAY = new Date(2024, 1, 29, 12)
/** Days around today minus a few units. */
const dates = fc.constantFrom(
  '0001-01-01',
  '2004-02-28',
  '2004-02-29',
  '2023-01-31',
  '2023-02-28',
  '2023-03-01',
  '2023-12-29',
  '2024-01-29',
  '2024-01-30',
  '2024-02-15',
  '2024-02-22',
  '2024-02-28',
  '2024-02-29',
  '2024-03-01',
)

const datetimes = dates.map((date) => `${date} 23:59:59`)
/** The concepts of the units, of which the second is not in the vocabulary. */
const UNIT_IDS = [8554, 8840]
const UNITS = ['%', 'mg/dL']
const CONCEPTS = [
  { concept_id: 8554, vocabulary_id: 'UCUM', concept_code: '%' },
  { concept_id: 11, vocabulary_id: 'SNOMED', concept_code: 'mg/dL' },
]

const ancestors = fc.record({
  ancestor_concept_id: concepts,
  descendant_concept_id: concepts,
})

function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.option(value, { freq: 4 })
}

const person = fc.record({
  gender_concept_id: maybe(concepts),
  race_concept_id: maybe(concepts),
  ethnicity_concept_id: maybe(concepts),
  year_of_birth: maybe(fc.constantFrom(1899, 1954, 2003, 2004, 2025)),
  month_of_birth: maybe(fc.constantFrom(1, 2, 3)),
  day_of_birth: maybe(fc.constantFrom(1, 28, 29)),
  location_id: maybe(locationIds),
})

const location = fc.record({
  location_id: locationIds,
  latitude: maybe(degreesNorth),
  longitude: maybe(degreesEast),
})

function clinicalRows(table: ClinicalTable) {
  const row = fc.record({
    // IDs up to 7 for at most 5 people: some rows belong to no one in `person`.
    [table.person]: maybe(fc.integer({ min: 1, max: 7 })),
    [table.concept]: maybe(concepts),
    [table.date]: maybe(dates),
    [table.type]: maybe(provenance),
    ...(table.datetime === null ? {} : { [table.datetime]: maybe(datetimes) }),
    ...(table.value === null ? {} : { [table.value]: maybe(decimals) }),
    ...(table.unit === null ? {} : { [table.unit]: maybe(fc.constantFrom(0, ...UNIT_IDS)) }),
    ...(table.unitText === null ? {} : { [table.unitText]: maybe(fc.constantFrom(...UNITS)) }),
  })
  return fc.array(row, { maxLength: 6 })
}

export const randomData: fc.Arbitrary<CdmData> = fc
  .tuple(
    fc.array(person, { maxLength: 5 }),
    fc.uniqueArray(location, { maxLength: 4, selector: ({ location_id }) => location_id }),
    fc.tuple(...CLINICAL_TABLES.map(clinicalRows)),
    fc.array(ancestors, { maxLength: 3 }),
  )
  .map(([persons, locations, events, concept_ancestor]) => ({
    concept: CONCEPTS,
    concept_ancestor,
    person: persons.map((row, index) => ({ person_id: index + 1, ...row })),
    location: locations,
    ...Object.fromEntries(CLINICAL_TABLES.map(({ table }, index) => [table, events[index] ?? []])),
  }))

function ranges(bound: fc.Arbitrary<number>): fc.Arbitrary<Range> {
  return fc.record({ low: maybe(bound), high: maybe(bound) })
}

const ages: fc.Arbitrary<AgeRange> = fc.oneof(
  ranges(fc.constantFrom(-1, 0, 1, 20, 21, 69, 70)).map((range) => ({
    ...range,
    unit: 'year' as const,
  })),
  ranges(fc.constantFrom(-1, 0, 1, 12, 239, 240, 241, 840)).map((range) => ({
    ...range,
    unit: 'month' as const,
  })),
)

const units = fc.constantFrom('year' as const, 'month' as const, 'week' as const, 'day' as const)
const counts = fc.constantFrom(0, 1, 2, 7, 12, 20)
const elapsed = fc.record({ atLeast: maybe(counts), lessThan: maybe(counts), unit: units })

const CONSTRAINTS = {
  value: ranges(decimals),
  ageAtEvent: ages,
  elapsed,
  provenance: fc.array(provenance, { maxLength: 2 }),
  unit: fc.constantFrom(...UNITS, ...UNIT_IDS.map(String)),
  only: fc.constant('death' as const),
}
const NO_CONSTRAINT = { value: null, ageAtEvent: null, elapsed: null, provenance: [] }

/** Mostly one constraint at a time: rows seldom satisfy several, so those cohorts test little. */
const constraints = fc.oneof(
  fc.constant({}),
  ...Object.entries(CONSTRAINTS).map(([name, arbitrary]) => fc.record({ [name]: arbitrary })),
  fc.record(CONSTRAINTS, { requiredKeys: [] }),
)

const event = fc.tuple(concepts, constraints).map(([concept, constraints]): Cohort => ({
  kind: 'event',
  concept,
  ...NO_CONSTRAINT,
  ...constraints,
}))

/** A site's switches. */
export const randomOptions: fc.Arbitrary<CohortOptions> = fc.record({
  specimen: fc.boolean(),
  location: fc.constant(true),
  visit: fc.boolean(),
  device: fc.boolean(),
  death: fc.boolean(),
  descendants: fc.boolean(),
  exactAges: fc.boolean(),
  withoutDead: fc.boolean(),
})

export const randomCriterion: fc.Arbitrary<Cohort> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<Cohort>({ kind: 'everyone' }, { kind: 'no-one' }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('demographic'), concept: concepts }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('age'), age: ages }) },
  { weight: 10, arbitrary: event },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('location'),
      latitude: degreesNorth.filter((degrees) => degrees >= -90),
      longitude: degreesEast.filter((degrees) => Math.abs(degrees) <= 180),
      radius: radii,
    }),
  },
)

export const randomCohort: fc.Arbitrary<Cohort> = fc.letrec<{ cohort: Cohort }>((tie) => ({
  cohort: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    randomCriterion,
    fc.record({ kind: fc.constant('not'), member: tie('cohort') }),
    fc.record({
      kind: fc.constantFrom('all', 'any'),
      members: fc.array(tie('cohort'), { maxLength: 4 }),
    }),
  ),
})).cohort
