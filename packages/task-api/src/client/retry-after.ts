// A server that sends a date in the next year by mistake must not stop a bunny for a year.
const MAX_MS = 3_600_000

/**
 * Reads `Retry-After`, a number of seconds or an HTTP date, as milliseconds from now. Undefined if absent
 * or invalid; 0 for a date in the past; at most one hour. `serverDate` is the `Date` of the response: with it, the clock of
 * this machine may be wrong.
 */
export function parseRetryAfter(
  value: string | readonly string[] | undefined,
  nowMs: number,
  serverDate?: string,
): number | undefined {
  const text = (typeof value === 'string' ? value : value?.[0])?.trim()
  if (text === undefined || text === '') return undefined
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, MAX_MS)
  const at = parseHttpDate(text)
  if (Number.isNaN(at)) return undefined
  const sentAt = parseHttpDate(serverDate ?? '')
  return Math.min(Math.max(0, at - (Number.isNaN(sentAt) ? nowMs : sentAt)), MAX_MS)
}

/** Date.parse accepts more than HTTP dates. Those start with the name of a day. */
function parseHttpDate(text: string): number {
  return /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN
}
