import type { DistributionRow } from '@warren/task-api'

/** A row of a distribution that may leave the site, without the collection, which depends on the task. */
export type DisclosedRow = Omit<DistributionRow, 'biobank'>

/** Takes the rows of a distribution, one at a time. */
export interface RowSink {
  add(row: DisclosedRow): void
  /** Drops all rows: they are computed again, from another snapshot. */
  clear(): void
}

/** Computes the rows of a distribution in their order. */
export type RowProducer = (sink: RowSink) => Promise<void>

const EMPTY: DisclosedRow = {
  code: '',
  count: 0,
  description: '',
  min: null,
  q1: null,
  median: null,
  mean: null,
  q3: null,
  max: null,
  alternatives: '',
  dataset: '',
  omop: '',
  omopDescription: '',
  category: '',
}

/** A row of a distribution file. Missing fields are empty, as on the wire. */
export function disclosedRow(
  fields: Pick<DisclosedRow, 'code' | 'count' | 'category'> & Partial<DisclosedRow>,
): DisclosedRow {
  return { ...EMPTY, ...fields }
}
