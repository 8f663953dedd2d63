const COLLECTION = '‹collection›'
const SECRET = '‹secret›'

/** Patterns of what must not be shown, whoever wrote it. `$1` and `$2` stay. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // The collection id in paths of the Task API
  [/(\/task\/nextjob\/)[^\s/?#"'<>)\]]+\]?/gi, `$1${COLLECTION}`],
  [/(\/?task\/result\/[^\s/?#"']+\/)[^\s/?#"'<>)\]]+\]?/gi, `$1${COLLECTION}`],
  [/(collection[ _-]?id["']?\s*(?:[=:]\s*)?["'])[^"']*/gi, `$1${COLLECTION}`],
  [/(collection[ _-]?id["']?\s*[=:]\s*)(?!["'])[^\s,;&}]+/gi, `$1${COLLECTION}`],
  [/("collection"\s*:\s*")[^"]*/gi, `$1${COLLECTION}`],
  // Credentials
  [
    /(\bauthorization\b["']?\s*[=:]\s*["']?)(?:(basic|bearer|digest|negotiate|token)\s+)?[^\s"',;]+/gi,
    `$1${SECRET}`,
  ],
  [/\b(basic|bearer)\s+[A-Za-z0-9+/_=.~-]{6,}/gi, `$1 ${SECRET}`],
  // As far as the last @: people forget to encode a slash or an @ in a password.
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s@"'<>]*:[^\s"'<>]*@/gi, `$1${SECRET}@`],
  [/\b(set-)?cookie["']?\s*[=:]\s*[^\r\n"]+/gi, `cookie: ${SECRET}`],
  [
    /((?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|client[_-]?secret|signature|x-amz-[a-z-]*|credential|token|char_salt)[a-z0-9_-]*["']?\s*[=:]\s*)(?:"[^"]*"?|'[^']*'?|[^\s,;&"'}]+)/gi,
    `$1${SECRET}`,
  ],
  [/\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,2}/g, SECRET],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g, SECRET],
  [/-----BEGIN [A-Z ]*-----.*/gs, SECRET],
  // Values of SQL parameters
  [/(@\w+=)'(?!\?')[^']*'/g, "$1'?'"],
]

const BASE64_TOKEN = /[A-Za-z0-9+/]{8,}={0,2}/g

/** Takes secrets out of texts: by what stands around them, and by value where a log has shown them elsewhere. */
export class Masker {
  readonly #known: readonly string[]
  readonly #anywhere: RegExp | undefined

  /** @param known collection ids met in the logs; shorter than six characters would mask half the text */
  constructor(known: Iterable<string>) {
    this.#known = [...new Set([...known].map((id) => id.toLowerCase()))]
      .filter((id) => id.length >= 6)
      .toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1))
    if (this.#known.length > 0) {
      this.#anywhere = new RegExp(this.#known.map((id) => RegExp.escape(id)).join('|'), 'gi')
    }
  }

  text(text: string): string {
    let masked = text
    for (const [pattern, replacement] of PATTERNS) masked = masked.replace(pattern, replacement)
    if (this.#anywhere !== undefined) masked = masked.replace(this.#anywhere, COLLECTION)
    masked = masked.replace(BASE64_TOKEN, (token) => (looksLikeCredentials(token) ? SECRET : token))
    return this.#withoutCutEnd(masked)
  }

  /** The same value, of plain objects and arrays, with every text in it masked. */
  deep(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.deep(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.deep(item)]))
  }

  /** A line that was cut may end in the first half of an id. */
  #withoutCutEnd(text: string): string {
    if (!text.endsWith('…')) return text
    const body = text.slice(0, -1)
    for (const id of this.#known) {
      for (let length = Math.min(id.length - 1, body.length); length >= 4; length--) {
        if (body.toLowerCase().endsWith(id.slice(0, length)))
          return `${body.slice(0, -length)}${COLLECTION}…`
      }
    }
    return text
  }
}

/** `user:password` in base64, as Basic authentication sends it, wherever it stands. */
function looksLikeCredentials(token: string): boolean {
  if (token.length % 4 === 1) return false
  const decoded = Buffer.from(token, 'base64').toString('latin1')
  return decoded.length >= 5 && /^[\x20-\x7e]+:[\x20-\x7e]+$/.test(decoded)
}
