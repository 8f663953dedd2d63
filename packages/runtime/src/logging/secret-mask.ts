import type { LogRecord } from './log-record.ts'
import { withoutUrlPasswords } from './url-password.ts'

const REDACTED = '[REDACTED]'

// Fields with such a name are masked.
const SECRET_NAMES = [
  'passw(?:or)?d',
  'passphrase',
  'secret',
  'token',
  'authorization',
  'cookie',
  'credential',
  'api-?key',
  'private-?key',
  'connection-?string',
].join('|')
const SECRET_NAME = new RegExp(SECRET_NAMES, 'i')
const SECRET_MEMBER = new RegExp(`"[^"\\\\]*(?:${SECRET_NAMES})[^"\\\\]*":`, 'i')

/**
 * Masks in log records: the given secrets wherever they occur, fields named like secrets at any depth, credentials in
 * URLs, and Authorization headers.
 */
export class SecretMask {
  readonly #secrets: readonly string[]
  readonly #inJson: readonly string[]

  constructor(secrets: readonly string[] = []) {
    const variants = secrets
      .filter((secret) => secret.trim() !== '')
      .flatMap((secret) => [secret, encodeURIComponent(secret), escaped(secret)])
    // The longest first, because one secret may be the start of another.
    this.#secrets = [...new Set(variants)].toSorted((a, b) => b.length - a.length)
    this.#inJson = [...new Set(this.#secrets.flatMap((secret) => [secret, escaped(secret)]))]
  }

  /** False if a line of JSON cannot contain a secret. It then needs no parsing. */
  mayContainSecrets(line: string): boolean {
    return (
      line.includes('://') ||
      SECRET_MEMBER.test(line) ||
      /\b(basic|bearer) /i.test(line) ||
      this.#inJson.some((secret) => line.includes(secret))
    )
  }

  /** A masked copy of a record. Field names are kept, even if one is equal to a secret. */
  record(record: LogRecord): LogRecord {
    const { level, time, component, msg, ...fields } = record
    return { level, time, component, ...this.#fields(fields), msg: this.text(msg) }
  }

  text(text: string): string {
    let safe = text
    for (const secret of this.#secrets) safe = safe.replaceAll(secret, REDACTED)
    return withoutUrlPasswords(safe, REDACTED).replaceAll(
      /\b(basic|bearer) ([a-z0-9+/=._~-]{8,})/gi,
      (whole, scheme: string, token: string) =>
        isCredential(scheme, token) ? `${scheme} ${REDACTED}` : whole,
    )
  }

  #fields(fields: object): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => {
        const secret = SECRET_NAME.test(name) && value !== null && typeof value !== 'boolean'
        return [name, secret ? REDACTED : this.#value(value)] as const
      }),
    )
  }

  #value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'number') return this.#secrets.includes(String(value)) ? REDACTED : value
    if (Array.isArray(value)) return value.map((item) => this.#value(item))
    return typeof value === 'object' && value !== null ? this.#fields(value) : value
  }
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** "Basic authentication failed" is a sentence, "Basic dXNlcjpwYXNz" is not. */
function isCredential(scheme: string, token: string): boolean {
  if (scheme.toLowerCase() === 'bearer') return token.length >= 20 || /\d/.test(token)
  return Buffer.from(token, 'base64').toString('latin1').includes(':')
}
