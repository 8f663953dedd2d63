import { isoDate, isoTimestamp } from './cdm-date.ts'
import type { CdmType } from '@warren/cdm'
import type { RowBatch } from './row-batch.ts'

/** The text format of COPY: https://www.postgresql.org/docs/current/sql-copy.html */
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': String.raw`\\`,
  '\t': String.raw`\t`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
}

/** Formatting a day needs a `Date`, and a data set has only some tens of thousands of different days. */
const cachedDays = new Map<number, string>()
const MAX_CACHED_DAYS = 100_000

/** The rows of a batch as lines for `COPY … FROM STDIN`, with the columns at these indexes only. */
export function copyText(batch: RowBatch, indexes: readonly number[]): string {
  const columns = indexes.flatMap((index) => {
    const values = batch.columns[index]
    const type = batch.table.columns[index]?.type
    return values && type !== undefined ? [{ values, write: WRITERS[type] }] : []
  })
  let text = ''
  for (let row = 0; row < batch.length; row++) {
    let separator = ''
    for (const { values, write } of columns) {
      const value = values[row] ?? null
      text += separator + (value === null ? String.raw`\N` : write(value))
      separator = '\t'
    }
    text += '\n'
  }
  return text
}

const asIs = String

const WRITERS: Readonly<Record<CdmType, (value: string | number | bigint) => string>> = {
  id: asIs,
  concept: asIs,
  integer: asIs,
  number: asIs,
  date: (value) => dayText(Number(value)),
  timestamp: (value) => isoTimestamp(Number(value)),
  text: (value) => escaped(String(value)),
}

function escaped(text: string): string {
  return /[\\\t\n\r]/.test(text)
    ? text.replaceAll(/[\\\t\n\r]/g, (one) => ESCAPES[one] ?? one)
    : text
}

function dayText(days: number): string {
  const known = cachedDays.get(days)
  if (known !== undefined) return known
  const text = isoDate(days)
  if (cachedDays.size < MAX_CACHED_DAYS) cachedDays.set(days, text)
  return text
}
