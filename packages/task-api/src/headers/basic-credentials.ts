const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads the user name and password of an `Authorization: Basic` header (RFC 7617; the password may
 * contain colons). Undefined for any other header.
 */
export function parseBasicCredentials(
  header: string | undefined,
): { username: string; password: string } | undefined {
  const token = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header ?? '')?.[1]
  if (token === undefined) return undefined
  const text = decode(Buffer.from(token, 'base64'))
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** Servers ask for UTF-8, but python-requests sends Latin-1. Its `é` is never valid UTF-8. */
function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}
