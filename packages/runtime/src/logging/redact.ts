export const REDACTED = '[REDACTED]'

const SECRET_FIELD =
  /passw(or)?d|passphrase|secret|token|^authorization$|^proxy-authorization$|cookie|credential|api-?key|connection-?string/i
const DEEPEST = 8

/** A copy of `fields` in which whatever stands under the name of a secret is hidden, at any depth. */
export function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  return redactObject(fields, 0)
}

function redactObject(fields: object, depth: number): Record<string, unknown> {
  const safe: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    const hide = SECRET_FIELD.test(name) && value !== undefined && value !== null
    safe[name] = hide ? REDACTED : redactValue(value, depth + 1)
  }
  return safe
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  // The error serialiser takes the fields it knows; toJSON (a Date, a URL) takes none of ours.
  if (value instanceof Error || 'toJSON' in value) return value
  if (depth > DEEPEST) return '[too deep]'
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1))
  return redactObject(value, depth)
}

/** Hides the values of given secrets, credentials in URLs and Authorization headers wherever they stand in a text. */
export class SecretMask {
  readonly #secrets: readonly string[]

  constructor(secrets: readonly string[] = []) {
    const variants = secrets.flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
    ])
    // The longest first: of two secrets one may be the beginning of the other.
    this.#secrets = [...new Set(variants)]
      .filter((secret) => secret.trim() !== '')
      .toSorted((a, b) => b.length - a.length)
  }

  /** True when `text`, plain or JSON, may hold something to hide. */
  suspects(text: string): boolean {
    return (
      this.#secrets.some((secret) => text.includes(secret)) ||
      text.includes('://') ||
      /\b(basic|bearer) /i.test(text)
    )
  }

  text(text: string): string {
    let safe = text
    for (const secret of this.#secrets) safe = safe.replaceAll(secret, REDACTED)
    return safe
      .replaceAll(/:\/\/([^/\s:@]*):[^/\s@]+@/g, `://$1:${REDACTED}@`)
      .replaceAll(
        /\b(basic|bearer) ([a-z0-9+/=._~-]{8,})/gi,
        (whole, scheme: string, token: string) =>
          isCredential(scheme, token) ? `${scheme} ${REDACTED}` : whole,
      )
  }

  /** A copy of the members of a JSON object with every text in them masked, and numbers that are a secret. */
  fields(fields: object): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, this.#value(value)] as const),
    )
  }

  #value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'number') return this.#secrets.includes(String(value)) ? REDACTED : value
    if (Array.isArray(value)) return value.map((item) => this.#value(item))
    return typeof value === 'object' && value !== null ? this.fields(value) : value
  }
}

/** "Basic authentication failed" is a sentence, "Basic dXNlcjpwYXNz" is not. */
function isCredential(scheme: string, token: string): boolean {
  if (scheme.toLowerCase() === 'bearer') return token.length >= 20 || /\d/.test(token)
  return Buffer.from(token, 'base64').toString('latin1').includes(':')
}
