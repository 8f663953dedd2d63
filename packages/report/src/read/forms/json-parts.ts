/** A parsed JSON object. */
export type JsonRecord = Readonly<Record<string, unknown>>

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text or a number as text; '' for anything else. */
export function textIn(record: JsonRecord, name: string): string {
  const value = record[name]
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

/** A number, also one in a text; NaN for anything else. */
export function numberIn(record: JsonRecord, name: string): number {
  const text = textIn(record, name)
  return text === '' ? Number.NaN : Number(text)
}

/** A nested object; an empty one if there is none. */
export function recordIn(record: JsonRecord, name: string): JsonRecord {
  const value = record[name]
  return isRecord(value) ? value : {}
}
