/**
 * User name and password of an `Authorization: Basic` header (RFC 7617, UTF-8; the password may contain
 * colons). Undefined if it is none.
 */
export function parseBasicCredentials(
  header: string | undefined,
): { username: string; password: string } | undefined {
  const token = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header ?? '')?.[1]
  if (token === undefined) return undefined
  const text = Buffer.from(token, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
