import type { LogRecord } from './log-record.ts'
import { SecretValues } from './secret-values.ts'
import { withoutUrlPasswords } from './url-password.ts'

/** Has the same length for every secret. */
const REDACTED = '[REDACTED]'

// Fields and parameters with such a name are masked.
const SECRET_NAMES = [
  'passw(?:or)?d',
  'passphrase',
  'pwd',
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

/** `Password=hunter2;` and `Pwd="a;b"` in a connection string, `&token=…` in a query string. */
const PARAMETER = new RegExp(
  String.raw`\b([\w-]*(?:${SECRET_NAMES})[\w-]*\s*=\s*)("(?:[^"]|"")*"|'(?:[^']|'')*'|[^\s;&,"']+)`,
  'gi',
)
/** `"password":"hunter2"` in a text that contains JSON. */
const MEMBER = new RegExp(
  String.raw`("[^"\\]*(?:${SECRET_NAMES})[^"\\]*"\s*:\s*)"(?:[^"\\]|\\.)*"`,
  'gi',
)
/** `Cookie: a=b; c=d`, to the end of the line. */
const HEADER = /\b((?:proxy-)?authorization|(?:set-)?cookie)(:\s*)[^\r\n]+/gi
const CREDENTIAL = /\b(basic|bearer) ([a-z0-9+/=._~-]{8,})/gi

/** What every pattern needs in order to match. */
const MAY_MATCH = new RegExp(`://|\\b(?:basic|bearer) |${SECRET_NAMES}`, 'i')

/**
 * Masks secrets in log records in their usual places: fields, parameters and headers named like secrets, credentials in URLs.
 * Known secrets are masked everywhere, unless they are so short or common that other text contains them.
 */
export class SecretMask {
  readonly #values: SecretValues

  constructor(secrets: readonly string[] = []) {
    this.#values = new SecretValues(secrets)
  }

  /** False if a line of JSON cannot contain a secret. It then needs no parsing. */
  mayContainSecrets(line: string): boolean {
    return MAY_MATCH.test(line) || this.#values.mayOccurIn(line)
  }

  /** A masked copy of a record. Field names are kept, even if one is equal to a secret. */
  record(record: LogRecord): LogRecord {
    const { level, time, component, msg, ...fields } = record
    return { level, time, component, ...this.#fields(fields), msg: this.text(msg) }
  }

  text(text: string): string {
    if (!this.mayContainSecrets(text)) return text
    const safe = withoutUrlPasswords(text, REDACTED)
      .replaceAll(HEADER, `$1$2${REDACTED}`)
      .replaceAll(CREDENTIAL, (whole, scheme: string, token: string) =>
        isCredential(scheme, token) ? `${scheme} ${REDACTED}` : whole,
      )
      .replaceAll(MEMBER, `$1"${REDACTED}"`)
      .replaceAll(PARAMETER, `$1${REDACTED}`)
    return this.#values.mask(safe, REDACTED)
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
    if (Array.isArray(value)) return value.map((item) => this.#value(item))
    return typeof value === 'object' && value !== null ? this.#fields(value) : value
  }
}

/** "Basic authentication failed" is a sentence, "Basic dXNlcjpwYXNz" is not. */
function isCredential(scheme: string, token: string): boolean {
  if (scheme.toLowerCase() === 'bearer') return token.length >= 20 || /\d/.test(token)
  return Buffer.from(token, 'base64').toString('latin1').includes(':')
}
