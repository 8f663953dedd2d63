/** A text that stands for a missing value in the exports of R, SQL Server, pandas, SAS and Excel. */
const KNOWN_MARKERS: ReadonlySet<string> = new Set([
  'NA',
  '<NA>',
  'N/A',
  'n/a',
  '#N/A',
  'NULL',
  'Null',
  'null',
  '(null)',
  '[NULL]',
  'NaN',
  'nan',
  'NaT',
  'None',
  'none',
  'nil',
  '.',
])

/** NULL as written by COPY of PostgreSQL. An empty field is also NULL. */
export const COPY_NULL = String.raw`\N`

/**
 * The marker in a field that is not a valid value: one of a fixed list, which can be printed because it is not data of a
 * patient. Undefined for any other text.
 */
export function knownMarker(text: string): string | undefined {
  const bare = text.trim()
  return KNOWN_MARKERS.has(bare) ? bare : undefined
}
