/**
 * Seconds of `wait` in a Prefer header (RFC 7240): the first one counts, a preference that cannot be read is
 * ignored as the RFC demands, undefined if there is none.
 */
export function preferredWaitSeconds(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header.join(',') : header
  if (text === undefined) return undefined
  for (const preference of text.split(',')) {
    const token = preference.split(';', 1)[0]?.trim() ?? ''
    const match = /^wait\s*=\s*(?:(\d{1,9})|"(\d{1,9})")$/i.exec(token)
    if (match !== null) return Number(match[1] ?? match[2])
    if (/^wait\s*=/i.test(token)) return undefined
  }
  return undefined
}
