import { CLINICAL_TABLES, evaluateCohort, parseCohort, type CdmData } from '@warren/cohort'
import { DEFAULT_POLICY, disclose, disclosePartitions, revealsTheRest } from '@warren/disclosure'
import { parseTask, type JsonObject } from '@warren/task-api'

/** A hospital's data in parts, see `readHospital`. */
type Hospital = readonly CdmData[]

const OPTIONS = { specimen: true, location: true }
/** The domains that a site has to switch on. */
const SWITCHED_OFF: ReadonlySet<string> = new Set(['visit_occurrence', 'device_exposure', 'death'])

/** The combined count that the network must return: each hospital discloses its true count, the relay the sum of these. */
export function expectedCount(hospitals: readonly Hospital[], task: JsonObject, now: Date): number {
  const parsed = parseTask({ uuid: 'expected', collection: 'c', owner: 'o', ...task })
  if (parsed.kind !== 'availability')
    throw new Error('only an availability task has an expected count')
  const cohort = parseCohort(parsed.cohort, OPTIONS)
  if (!cohort.ok) throw new Error(JSON.stringify(cohort.problems))
  return federated(
    hospitals.map((parts) =>
      sum(parts.map((data) => evaluateCohort(cohort.cohort, data, { now, options: OPTIONS }).size)),
    ),
  )
}

function federated(trueCounts: readonly number[]): number {
  const disclosed = trueCounts.map((count) => disclose(count, DEFAULT_POLICY))
  return disclose(sum(disclosed), DEFAULT_POLICY)
}

/** Concept to count of a GENERIC distribution. A row that a hospital suppresses is not in its file. */
export function expectedConcepts(
  hospitals: readonly Hospital[],
  concepts: ReadonlySet<number>,
): Map<string, number> {
  const totals = new Map<number, number>()
  for (const parts of hospitals) {
    for (const [concept, figure] of publishedFigures(parts, concepts))
      totals.set(concept, (totals.get(concept) ?? 0) + figure)
  }
  return new Map(
    [...totals].map(([concept, total]) => [`OMOP:${concept}`, disclose(total, DEFAULT_POLICY)]),
  )
}

/** What one hospital publishes: a concept may occur in several domains. */
function publishedFigures(
  parts: Hospital,
  concepts: ReadonlySet<number>,
): (readonly [concept: number, figure: number])[] {
  const total = parts.flatMap(({ person }) => person).length
  const { divisions, events } = personsByConcept(parts)
  const { figures, knownTotal } = disclosePartitions(
    total,
    divisions.map((division) =>
      [...division].map(([concept, persons]) => ({
        count: persons.size,
        isNamed: concepts.has(concept),
      })),
    ),
    DEFAULT_POLICY,
  )
  const ofPersons = divisions.flatMap((division, index) =>
    [...division.keys()].map((concept, category) => {
      return [concept, figures[index]?.[category] ?? 0] as const
    }),
  )
  const ofEvents = events.flatMap((domain) =>
    [...domain].flatMap(([concept, { size: count }]) => {
      const figure = disclose(count, DEFAULT_POLICY)
      const everybody = { count: total, known: knownTotal }
      const isHidden =
        !concepts.has(concept) || revealsTheRest({ count, figure }, everybody, DEFAULT_POLICY)
      return isHidden ? [] : [[concept, figure] as const]
    }),
  )
  return [...ofPersons, ...ofEvents].filter(([, figure]) => figure > 0)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

type PersonsByConcept = ReadonlyMap<number, ReadonlySet<number>>

/** `divisions`: each person has one gender, race and ethnicity. */
function personsByConcept(parts: Hospital): {
  divisions: PersonsByConcept[]
  events: PersonsByConcept[]
} {
  const persons = parts.flatMap(({ person }) => person)
  const divisions = (['gender_concept_id', 'race_concept_id', 'ethnicity_concept_id'] as const).map(
    (column) =>
      // Without a value, a person is in a category that is never shown.
      group(persons.map((row) => [row[column] ?? Number.NaN, row.person_id])),
  )
  const events = CLINICAL_TABLES.filter(({ table }) => !SWITCHED_OFF.has(table)).map(
    ({ table, concept }) =>
      group(
        parts
          .flatMap((data) => data[table] ?? [])
          .map((row) => [Number(row[concept]), Number(row['person_id'])]),
      ),
  )
  return { divisions, events }
}

function group(pairs: readonly (readonly [concept: number, person: number])[]): PersonsByConcept {
  const persons = new Map<number, Set<number>>()
  for (const [concept, person] of pairs) {
    const known = persons.get(concept)
    if (known === undefined) persons.set(concept, new Set([person]))
    else known.add(person)
  }
  return persons
}

/** Male and Female of a DEMOGRAPHICS distribution. */
export function expectedSexes(hospitals: readonly Hospital[]): { Male: number; Female: number } {
  const countOf = (concept: number): number =>
    federated(
      hospitals.map(
        (parts) =>
          parts.flatMap(({ person }) => person).filter((row) => row.gender_concept_id === concept)
            .length,
      ),
    )
  return { Male: countOf(8507), Female: countOf(8532) }
}
