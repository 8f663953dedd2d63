/**
 * Reads the seconds of `Prefer: wait=` (RFC 7240), the first if there are several; 0 if absent or
 * invalid. The caller limits them.
 */
export function preferredWait(header: string | readonly string[] | undefined): number {
  const text = typeof header === 'string' ? header : (header?.join(',') ?? '')
  for (const preference of text.split(',')) {
    const match = /^\s*wait\s*=\s*(?:"(\d{1,9})"|(\d{1,9}))\s*(?:;|$)/i.exec(preference)
    if (match !== null) return Number(match[1] ?? match[2])
  }
  return 0
}
