import type { Concept, ConceptSeed } from './concept.ts'
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

export interface AncestorEdge {
  readonly ancestor: number
  readonly descendant: number
  /** 0 for a concept and itself: the CDM has such rows too. */
  readonly levels: number
}

export const VOCABULARY_ID = 'Warren synthetic'

const concepts = (domain: string, conceptClass: string, seeds: readonly ConceptSeed[]): Concept[] =>
  seeds.map((seed) => ({ ...seed, domain, conceptClass, standard: 'S' }))

/** All concepts to which generated rows refer, in order of their IDs. */
export const CONCEPTS: readonly Concept[] = [
  {
    id: 0,
    name: 'No matching concept',
    domain: 'Metadata',
    conceptClass: 'Undefined',
    standard: null,
  } as const,
  ...concepts('Gender', 'Gender', GENDERS),
  ...concepts('Race', 'Race', RACES),
  ...concepts('Ethnicity', 'Ethnicity', ETHNICITIES),
  ...concepts('Visit', 'Visit', VISITS),
  ...concepts('Type Concept', 'Type Concept', RECORD_TYPES),
  ...concepts('Unit', 'Unit', UNITS),
  ...concepts('Geography', 'Geography', GEOGRAPHY),
  ...concepts('Condition', 'Disorder', [
    ...CONDITION_GROUPS,
    ...CHRONIC_CONDITIONS,
    ...RARE_CONDITIONS,
    ...ACUTE_CONDITIONS,
    HIP_FRACTURE,
    PREGNANCY,
    ...PREGNANCY_COMPLICATIONS,
  ]),
  ...concepts('Drug', 'Ingredient', [...DRUGS, INFLUENZA_VACCINE]),
  ...concepts('Measurement', 'Lab Test', MEASUREMENT_KINDS),
  ...concepts('Observation', 'Observable Entity', OBSERVATIONS),
  ...concepts('Procedure', 'Procedure', PROCEDURES),
  ...concepts('Specimen', 'Specimen', SPECIMENS),
].sort((a, b) => a.id - b.id)

/** The rows of `concept_ancestor`: each concept with itself and all its ancestors. */
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
