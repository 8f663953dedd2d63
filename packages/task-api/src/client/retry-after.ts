// A server that says "come back next year" by mistake must not silence a node for a year.
const MAX_MS = 3_600_000

/**
 * `Retry-After` in milliseconds from now: a number of seconds or an HTTP date. Undefined if absent or
 * unreadable; 0 for a date that has passed; one hour at most.
 */
export function parseRetryAfter(
  value: string | readonly string[] | undefined,
  nowMs: number,
): number | undefined {
  const text = (typeof value === 'string' ? value : value?.[0])?.trim()
  if (text === undefined || text === '') return undefined
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, MAX_MS)
  // Date.parse reads much that is no HTTP date; those begin with the name of a day.
  const at = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - nowMs), MAX_MS)
}
