import {
  ACUTE_CONDITIONS,
  CHRONIC_CONDITIONS,
  CONDITION_GROUPS,
  HIP_FRACTURE,
  PREGNANCY,
  PREGNANCY_COMPLICATIONS,
  RARE_CONDITIONS,
} from './conditions.ts'
import { DRUGS, INFLUENZA_VACCINE } from './drugs.ts'
import { MEASUREMENT_KINDS, UNITS } from './measurements.ts'
import {
  ETHNICITIES,
  GENDERS,
  GEOGRAPHY,
  OBSERVATIONS,
  PROCEDURES,
  RACES,
  RECORD_TYPES,
  SPECIMENS,
  VISITS,
} from './other-concepts.ts'

/**
 * A concept of the synthetic vocabulary. The ids are those that the standard vocabularies use, so that real questions
 * find something; the names are our own words. It is no vocabulary release and fit for trying things only.
 */
export interface ConceptSeed {
  readonly id: number
  readonly name: string
  /** The concept just above it. */
  readonly parent?: number
}

export interface Concept extends ConceptSeed {
  readonly domain: string
  readonly conceptClass: string
  /** `S`, or nothing for concept 0. */
  readonly standard: 'S' | null
}

export interface AncestorEdge {
  readonly ancestor: number
  readonly descendant: number
  /** 0 for a concept and itself, which the CDM also has a row for. */
  readonly levels: number
}

export const VOCABULARY_ID = 'Warren synthetic'

const of = (domain: string, conceptClass: string, seeds: readonly ConceptSeed[]): Concept[] =>
  seeds.map((seed) => ({ ...seed, domain, conceptClass, standard: 'S' }))

/** Every concept that a generated row may refer to, each once, in the order of their ids. */
export const CONCEPTS: readonly Concept[] = [
  {
    id: 0,
    name: 'No matching concept',
    domain: 'Metadata',
    conceptClass: 'Undefined',
    standard: null,
  } as const,
  ...of('Gender', 'Gender', GENDERS),
  ...of('Race', 'Race', RACES),
  ...of('Ethnicity', 'Ethnicity', ETHNICITIES),
  ...of('Visit', 'Visit', VISITS),
  ...of('Type Concept', 'Type Concept', RECORD_TYPES),
  ...of('Unit', 'Unit', UNITS),
  ...of('Geography', 'Geography', GEOGRAPHY),
  ...of('Condition', 'Disorder', [
    ...CONDITION_GROUPS,
    ...CHRONIC_CONDITIONS,
    ...RARE_CONDITIONS,
    ...ACUTE_CONDITIONS,
    HIP_FRACTURE,
    PREGNANCY,
    ...PREGNANCY_COMPLICATIONS,
  ]),
  ...of('Drug', 'Ingredient', [...DRUGS, INFLUENZA_VACCINE]),
  ...of('Measurement', 'Lab Test', MEASUREMENT_KINDS),
  ...of('Observation', 'Observable Entity', OBSERVATIONS),
  ...of('Procedure', 'Procedure', PROCEDURES),
  ...of('Specimen', 'Specimen', SPECIMENS),
].sort((a, b) => a.id - b.id)

/** `concept_ancestor`: every concept with itself and everything above it. */
export function ancestorEdges(): AncestorEdge[] {
  const parents = new Map(CONCEPTS.map(({ id, parent }) => [id, parent]))
  return CONCEPTS.filter(({ standard }) => standard === 'S').flatMap(({ id }) => {
    const edges: AncestorEdge[] = []
    for (
      let ancestor: number | undefined = id, levels = 0;
      ancestor !== undefined;
      ancestor = parents.get(ancestor), levels++
    ) {
      edges.push({ ancestor, descendant: id, levels })
    }
    return edges
  })
}
