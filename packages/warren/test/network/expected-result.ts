import { CLINICAL_TABLES, evaluateCohort, parseCohort, type CdmData } from '@warren/cohort'
import { DEFAULT_POLICY, disclose } from '@warren/disclosure'
import { parseTask, type JsonObject } from '@warren/task-api'

/** A hospital's data in parts, see `readHospital`. */
type Hospital = readonly CdmData[]

const OPTIONS = { specimen: true, location: true }

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
  const perHospital = hospitals.map((parts) => personsByConcept(parts))
  const expected = new Map<string, number>()
  for (const concept of concepts) {
    const total = sum(
      perHospital.flatMap((domains) =>
        domains.map((persons) => disclose(persons.get(concept)?.size ?? 0, DEFAULT_POLICY)),
      ),
    )
    if (total > 0) expected.set(`OMOP:${concept}`, disclose(total, DEFAULT_POLICY))
  }
  return expected
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

type PersonsByConcept = ReadonlyMap<number, ReadonlySet<number>>

function personsByConcept(parts: Hospital): PersonsByConcept[] {
  const persons = parts.flatMap(({ person }) => person)
  const personConcepts = (
    ['gender_concept_id', 'race_concept_id', 'ethnicity_concept_id'] as const
  ).map((column) => group(persons.map((row) => [row[column], row.person_id])))
  const eventConcepts = CLINICAL_TABLES.map(({ table, concept }) =>
    group(
      parts
        .flatMap((data) => data[table] ?? [])
        .map((row) => [Number(row[concept]), Number(row['person_id'])]),
    ),
  )
  return [...personConcepts, ...eventConcepts]
}

function group(
  pairs: readonly (readonly [concept: number | null, person: number])[],
): PersonsByConcept {
  const persons = new Map<number, Set<number>>()
  for (const [concept, person] of pairs) {
    if (concept === null) continue
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
