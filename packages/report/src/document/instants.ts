import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Evidence } from './report-document.ts'

const MAX_QUOTE_LENGTH = 500

/** Milliseconds since the epoch, as the document writes instants; null if unknown. */
export function instant(time: number): string | null {
  // Outside the years 1 to 9999 a timestamp is damaged, and Date uses another format.
  if (!Number.isFinite(time) || time < -62_135_596_800_000 || time > 253_402_300_799_000)
    return null
  return new Date(Math.round(time)).toISOString()
}

/** The instant of `time`, else that of `fallback`. */
export function instantOr(time: number, fallback: number): string {
  return instant(time) ?? instant(fallback) ?? '1970-01-01T00:00:00.000Z'
}

/** A line as the document quotes it. It is masked and shortened later, because masking needs the whole line. */
export function evidenceOf(line: RawEvidence, sourceIds: ReadonlyMap<number, string>): Evidence {
  return {
    source: sourceIds.get(line.source) ?? 'S0',
    file: line.file,
    line: Math.max(1, line.line),
    time: instant(line.time),
    text: line.text.replaceAll(/[\r\n]/g, '\ufffd'),
  }
}

/** Shortens quoted lines. Do this after masking: the masker would not find a secret that is cut off. */
export function withShortQuotes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withShortQuotes)
  if (typeof value !== 'object' || value === null) return value
  const isQuote = 'file' in value && 'line' in value && 'text' in value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      isQuote && key === 'text' ? shortened(String(item)) : withShortQuotes(item),
    ]),
  )
}

function shortened(text: string): string {
  return text.length <= MAX_QUOTE_LENGTH
    ? text
    : `${text.slice(0, MAX_QUOTE_LENGTH).toWellFormed()}…`
}

/** Up to `max` different lines by time and place: the first and the last ones. */
export function selectLines(lines: readonly RawEvidence[], max: number): RawEvidence[] {
  const seen = new Set<string>()
  const unique = lines.filter((line) => {
    const key = `${line.source} ${line.file} ${line.line}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
  const sorted = unique.toSorted(
    (a, b) => (a.time || 0) - (b.time || 0) || a.source - b.source || a.line - b.line,
  )
  if (sorted.length <= max) return sorted
  const head = Math.ceil(max / 2)
  return [...sorted.slice(0, head), ...sorted.slice(sorted.length - (max - head))]
}
