/** Copies a value of plain objects and arrays, with `change` applied to every text. `quoted`: the text is a quoted log line. */
export function mapTexts(
  value: unknown,
  change: (text: string, quoted: boolean) => string,
  quoted = false,
): unknown {
  if (typeof value === 'string') return change(value, quoted)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change))
  if (typeof value !== 'object' || value === null) return value
  const isQuote = 'file' in value && 'line' in value && 'text' in value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      mapTexts(item, change, isQuote && key === 'text'),
    ]),
  )
}
