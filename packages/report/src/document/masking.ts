import { mapTexts } from './map-texts.ts'
import { isProse, SECRET_PATTERNS } from './secret-patterns.ts'
import type { SecretPattern } from './secret-pattern.ts'

const MASK: Readonly<Record<SecretPattern['kind'], string>> = {
  collection: '‹collection›',
  secret: '‹secret›',
  value: "'?'",
}
const MIN_KNOWN_LENGTH = 6

/** Masks secrets in texts: by their context, and by value if they are known from another text. */
export class Masker {
  /** Sorted. */
  readonly #known: readonly string[]
  readonly #longest: number
  readonly #anywhere: RegExp | undefined

  /**
   * @param known collection IDs from the logs; those shorter than six characters are ignored, because they match too much
   * @param texts the texts to mask: an ID that one of them calls a collection is masked in all
   */
  constructor(known: Iterable<string>, texts?: unknown) {
    const ids = new Set([...known].map((id) => id.toLowerCase()))
    learn(texts, ids)
    this.#known = [...ids].filter((id) => id.length >= MIN_KNOWN_LENGTH).toSorted()
    this.#longest = Math.max(0, ...this.#known.map((id) => id.length))
    if (this.#known.length > 0) {
      this.#anywhere = new RegExp(patternOf(this.#known.map(anySpelling)), 'gi')
    }
  }

  text(text: string): string {
    let masked = this.#withoutCutEnd(withoutControls(text))
    if (this.#anywhere !== undefined) masked = masked.replace(this.#anywhere, MASK.collection)
    for (const one of SECRET_PATTERNS) masked = withoutSecrets(masked, one)
    return masked.replace(TOKEN, (token) => (holdsCredentials(token) ? MASK.secret : token))
  }

  /** Copies a value of plain objects and arrays, with every text masked. */
  deep(value: unknown): unknown {
    return mapTexts(value, (text) => this.text(text))
  }

  /** A line that was cut may end within an ID. */
  #withoutCutEnd(text: string): string {
    if (!text.endsWith('…')) return text
    const body = text.slice(0, -1)
    for (let length = Math.min(this.#longest - 1, body.length); length >= 4; length--) {
      if (this.#beginsAnId(body.slice(-length).toLowerCase()))
        return `${body.slice(0, -length)}${MASK.collection}…`
    }
    return text
  }

  #beginsAnId(text: string): boolean {
    let from = 0
    let to = this.#known.length
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#known[middle] ?? '') < text) from = middle + 1
      else to = middle
    }
    return this.#known[from]?.startsWith(text) === true
  }
}

/**
 * C0 and C1 control characters except tab and line ends, and the characters that change the direction of a text or cannot be seen: they
 * could hide a part of a line, or reverse it.
 */
const CONTROLS =
  // oxlint-disable-next-line no-control-regex -- these are the characters to remove
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Replaces them with U+FFFD. */
function withoutControls(text: string): string {
  return text.toWellFormed().replaceAll(CONTROLS, '\ufffd')
}

function withoutSecrets(text: string, { kind, pattern, prose }: SecretPattern): string {
  let masked = ''
  let done = 0
  for (const match of text.matchAll(pattern)) {
    const { before = '', secret = '' } = match.groups ?? {}
    const end = match.index + match[0].length
    if (secret === '' || (prose && isProse(before, secret, text.slice(end)))) continue
    masked += text.slice(done, match.index) + before + openingQuote(secret) + MASK[kind]
    done = end
  }
  return masked + text.slice(done)
}

/** The opening quote of a value, if the match does not include the closing one: it stays in the text. */
function openingQuote(secret: string): string {
  return /^b?\\*["'](?!.*["']$)/s.exec(secret)?.[0] ?? ''
}

/** Collects IDs that a text calls a collection: file and queue names contain them without that word. */
function learn(value: unknown, ids: Set<string>): void {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) learn(item, ids)
  }
  if (typeof value !== 'string') return
  for (const { kind, pattern } of SECRET_PATTERNS) {
    if (kind !== 'collection') continue
    for (const { groups } of value.matchAll(pattern)) {
      const id = groups?.['secret'] ?? ''
      // Without a digit it may be an ordinary word, which would then be masked everywhere.
      if (/^[\w.-]*\d[\w.-]*$/.test(id)) ids.add(id.toLowerCase())
    }
  }
}

/** Pattern pieces of an ID: with its dashes, without them, or with dashes encoded for a URL. */
function anySpelling(id: string): string[] {
  const parts = /^[0-9a-f]{32}$/.test(id)
    ? [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)]
    : id.split('-')
  return parts.flatMap((part, index) => [
    ...(index === 0 ? [] : ['(?:-|_|%2D)?']),
    ...Array.from(part, (character) => RegExp.escape(character)),
  ])
}

interface Branch {
  readonly next: Map<string, Branch>
  ends: boolean
}

/**
 * A pattern for any of many IDs, the longest match first. Common prefixes are written once, so that a search for a thousand IDs
 * takes as long as one for a few.
 */
function patternOf(ids: readonly (readonly string[])[]): string {
  const root: Branch = { next: new Map(), ends: false }
  for (const pieces of ids) {
    let branch = root
    for (const piece of pieces) {
      const known = branch.next.get(piece) ?? { next: new Map(), ends: false }
      branch.next.set(piece, known)
      branch = known
    }
    branch.ends = true
  }
  return branchPattern(root)
}

function branchPattern({ next, ends }: Branch): string {
  const branches = [...next].map(([piece, branch]) => piece + branchPattern(branch))
  if (branches.length === 0) return ''
  const any = branches.length === 1 && !ends ? (branches[0] ?? '') : `(?:${branches.join('|')})`
  return ends ? `${any}?` : any
}

// Both base64 alphabets.
const TOKEN = /[A-Za-z0-9+/_-]{8,}={0,2}/g

/** Tests the token and its parts: in a path, what precedes the credentials may look like base64 as well. */
function holdsCredentials(token: string): boolean {
  return isCredentials(token) || token.split(/[+/_-]/).some((part) => isCredentials(part))
}

/** Base64 of `user:password`, as in Basic authentication, or the body of a key. */
function isCredentials(token: string): boolean {
  if (token.length < 8) return false
  if (token.length >= 60 && !/[_-]/.test(token))
    return /[a-z]/.test(token) && /[A-Z]/.test(token) && /\d/.test(token)
  const decoded = Buffer.from(token, 'base64').toString('utf8')
  // U+FFFD means that the bytes are not text.
  return decoded.length >= 5 && /^[\x20-\x7e]+:[^\p{Cc}\ufffd]+$/u.test(decoded)
}
