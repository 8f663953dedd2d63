import type { DistributionRow } from '@warren/task-api'

const EMPTY: DistributionRow = {
  biobank: '',
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
export function distributionRow(
  fields: Pick<DistributionRow, 'biobank' | 'code' | 'count' | 'category'> &
    Partial<DistributionRow>,
): DistributionRow {
  return { ...EMPTY, ...fields }
}
