/** One line of a distribution file. */
export interface DistributionRow {
  /** The collection ID. */
  readonly biobank: string
  /** `OMOP:8507`, or a word such as `SEX` in the demographics file. */
  readonly code: string
  /** People. */
  readonly count: number
  readonly description: string
  readonly min: number | null
  readonly q1: number | null
  readonly median: number | null
  readonly mean: number | null
  readonly q3: number | null
  readonly max: number | null
  /** Encoded, see `decodeAlternatives`. */
  readonly alternatives: string
  readonly dataset: string
  /** Concept ID as text, or "". */
  readonly omop: string
  readonly omopDescription: string
  readonly category: string
}
