const DIGITS = String.raw`[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?`
/** Accepts `1.` too, which a dotted range does not: in `1...5` the dots are ambiguous. */
const NUMBER = new RegExp(String.raw`^(?:${DIGITS}|[+-]?\d+\.)$`)
const DOTTED_RANGE = new RegExp(String.raw`^\s*(${DIGITS}|null)\s*\.\.\s*(${DIGITS}|null)\s*$`, 'i')

/** A finite decimal number; `undefined` if the text is anything else. */
export function parseNumber(text: string): number | undefined {
  const trimmed = text.trim()
  if (!NUMBER.test(trimmed)) return undefined
  const value = Number(trimmed)
  return Number.isFinite(value) ? value : undefined
}

/** The two sides of `LOW..HIGH`, as written; `undefined` if the text is anything else. */
export function splitDottedRange(text: string): [string, string] | undefined {
  const match = DOTTED_RANGE.exec(text)
  return match?.[1] !== undefined && match[2] !== undefined ? [match[1], match[2]] : undefined
}
