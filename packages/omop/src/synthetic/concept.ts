/**
 * A concept of the synthetic vocabulary. Its IDs are those of the standard vocabularies, so that real tasks match. Its
 * names are written for Warren. It is for trials only and is not a release of a vocabulary.
 */
export interface ConceptSeed {
  readonly id: number
  readonly name: string
  /** The concept directly above it. */
  readonly parent?: number
}

export interface Concept extends ConceptSeed {
  readonly domain: string
  readonly conceptClass: string
  /** `null` for concept 0. */
  readonly standard: 'S' | null
}
