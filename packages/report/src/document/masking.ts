import { mapTexts } from './map-texts.ts'
import { isProse, SECRET_PATTERNS } from './secret-patterns.ts'
import type { SecretPattern } from './secret-patterns.ts'

const MASK: Readonly<Record<SecretPattern['kind'], string>> = {
  collection: '‹collection›',
  secret: '‹secret›',
  value: "'?'",
}
const MIN_KNOWN_LENGTH = 6

/** Takes secrets out of texts: by what stands around them, and by value where a log has shown them elsewhere. */
export class Masker {
  /** In the order of the alphabet. */
  readonly #known: readonly string[]
  readonly #longest: number
  readonly #anywhere: RegExp | undefined

  /**
   * @param known collection ids met in the logs; shorter than six characters would mask half the text
   * @param texts what is to be masked: an id that one of them names as such is masked in all
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
    let masked = this.#withoutCutEnd(text)
    if (this.#anywhere !== undefined) masked = masked.replace(this.#anywhere, MASK.collection)
    for (const one of SECRET_PATTERNS) masked = withoutSecrets(masked, one)
    return masked.replace(TOKEN, (token) => (holdsCredentials(token) ? MASK.secret : token))
  }

  /** The same value, of plain objects and arrays, with every text in it masked. */
  deep(value: unknown): unknown {
    return mapTexts(value, (text) => this.text(text))
  }

  /** A line that was cut may end in the first half of an id. */
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

/** The quote that opens a value stays where the one that closes it does. */
function openingQuote(secret: string): string {
  return /^b?\\*["'](?!.*["']$)/s.exec(secret)?.[0] ?? ''
}

/** Ids that some text calls a collection: elsewhere they may stand without that word, in the name of a file or a queue. */
function learn(value: unknown, ids: Set<string>): void {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) learn(item, ids)
  }
  if (typeof value !== 'string') return
  for (const { kind, pattern } of SECRET_PATTERNS) {
    if (kind !== 'collection') continue
    for (const { groups } of value.matchAll(pattern)) {
      const id = groups?.['secret'] ?? ''
      // Only what is an id beyond doubt; of a word every other use would be masked as well.
      if (/^[\w.-]*\d[\w.-]*$/.test(id)) ids.add(id.toLowerCase())
    }
  }
}

/** An id, piece by piece of a pattern: as it stands, without its dashes, or with them encoded for a URL. */
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
 * A pattern for any of many ids, the longest that fits. What ids have in common is written once, so that looking for a thousand
 * of them takes no longer than looking for a few.
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
  const ways = [...next].map(([piece, branch]) => piece + branchPattern(branch))
  if (ways.length === 0) return ''
  const any = ways.length === 1 && !ends ? (ways[0] ?? '') : `(?:${ways.join('|')})`
  return ends ? `${any}?` : any
}

// With the signs of both alphabets of base64.
const TOKEN = /[A-Za-z0-9+/_-]{8,}={0,2}/g

/** Whole, or in its parts: what stands before it in a path or a name may look like base64 too. */
function holdsCredentials(token: string): boolean {
  return isCredentials(token) || token.split(/[+/_-]/).some((part) => isCredentials(part))
}

/** `user:password` in base64, as Basic authentication sends it; or the body of a key. */
function isCredentials(token: string): boolean {
  if (token.length < 8) return false
  if (token.length >= 60 && !/[_-]/.test(token))
    return /[a-z]/.test(token) && /[A-Z]/.test(token) && /\d/.test(token)
  const decoded = Buffer.from(token, 'base64').toString('utf8')
  // A replacement character is what no text decodes to.
  return decoded.length >= 5 && /^[\x20-\x7e]+:[^\p{Cc}\ufffd]+$/u.test(decoded)
}
