import type { DistributionRow } from '@warren/task-api'

/**
 * The row that goes upstream: names from the first node that had it, the collection's own id, and
 * the given figures. Quartiles, means and extremes of one node say nothing about all of them and a
 * lot about that node, so they are blank.
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
