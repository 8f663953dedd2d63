import type { DistributionRow } from '@warren/task-api'

/**
 * The row of a combined result: names from the first node that had the row, the upstream's collection, and the given
 * figures. Minimum, mean, quartiles and maximum are left blank: one node's values describe that node, not all of them.
 */
export function combinedRow(
  first: DistributionRow,
  figures: { collection: string; count: number; alternatives: string },
): DistributionRow {
  return {
    biobank: figures.collection,
    code: first.code,
    count: figures.count,
    description: first.description,
    min: null,
    q1: null,
    median: null,
    mean: null,
    q3: null,
    max: null,
    alternatives: figures.alternatives,
    dataset: first.dataset,
    omop: first.omop,
    omopDescription: first.omopDescription,
    category: first.category,
  }
}
