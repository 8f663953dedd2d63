import type { DistributionRow } from '@warren/task-api/messages'

import { MAX_NAME_LENGTH } from './combine-bounds.ts'
import { safeText } from './safe-text.ts'

/** The texts of a row of a combined result. They come from the first node that had the row. */
export type RowNames = Pick<
  DistributionRow,
  'description' | 'dataset' | 'omop' | 'omopDescription' | 'category'
>

// COUNT, separators and the line end.
const BYTES_PER_ROW = 32

/** Takes the names of rows. Names that many rows share are kept once. */
export class RowNameReader {
  readonly #shared = new Map<string, string>()

  read(row: DistributionRow): RowNames {
    return {
      description: safeText(row.description, MAX_NAME_LENGTH),
      dataset: this.#share(row.dataset),
      omop: safeText(row.omop, MAX_NAME_LENGTH),
      omopDescription: safeText(row.omopDescription, MAX_NAME_LENGTH),
      category: this.#share(row.category),
    }
  }

  #share(name: string): string {
    const known = this.#shared.get(name)
    if (known !== undefined) return known
    const safe = safeText(name, MAX_NAME_LENGTH)
    if (this.#shared.size < 1_000 && name.length <= MAX_NAME_LENGTH) this.#shared.set(safe, safe)
    return safe
  }
}

/** Size of a row in the combined file, without its alternatives. At least what it really is. */
export function rowBytes(collection: string, code: string, names: RowNames): number {
  let bytes = BYTES_PER_ROW + Buffer.byteLength(collection) + Buffer.byteLength(code)
  for (const name of Object.values(names)) bytes += Buffer.byteLength(name)
  return bytes
}

/**
 * The row of a combined result. Minimum, mean, quartiles and maximum are left blank: one node's values describe that node,
 * not all of them.
 */
export function combinedRow(
  names: RowNames,
  figures: Pick<DistributionRow, 'biobank' | 'code' | 'count' | 'alternatives'>,
): DistributionRow {
  return {
    ...figures,
    ...names,
    min: null,
    q1: null,
    median: null,
    mean: null,
    q3: null,
    max: null,
  }
}
