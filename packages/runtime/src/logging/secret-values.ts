import { weaknessOf } from './secret-weakness.ts'

// A letter or digit next to a secret makes it a part of another word. Before it may be an escape sequence, such as %2F or \n.
const BEFORE = String.raw`(?:(?<![\p{L}\p{N}_])|(?<=%[0-9A-Fa-f]{2}|\\[nrtbf]|\\u[0-9a-f]{4}))`
const AFTER = String.raw`(?![\p{L}\p{N}_])`

/** Known secrets, which are masked wherever they occur as a whole. Those that are short or common are left out. */
export class SecretValues {
  readonly #texts: readonly string[]
  readonly #inJson: readonly string[]

  constructor(secrets: readonly string[]) {
    const spellings = secrets
      .filter((secret) => weaknessOf(secret) === undefined)
      .flatMap((secret) => [secret, encodeURIComponent(secret.toWellFormed()), escaped(secret)])
    // The longest first, because one secret may be the start of another.
    this.#texts = [...new Set(spellings)].toSorted((a, b) => b.length - a.length)
    this.#inJson = [...new Set(this.#texts.flatMap((text) => [text, escaped(text)]))]
  }

  /** False if a line of JSON contains no secret. */
  mayOccurIn(line: string): boolean {
    return this.#inJson.some((text) => line.includes(text))
  }

  mask(text: string, instead: string): string {
    let masked = text
    for (const secret of this.#texts) {
      if (!masked.includes(secret)) continue
      const whole = new RegExp(`${BEFORE}${RegExp.escape(secret)}${AFTER}`, 'gu')
      masked = masked.replaceAll(whole, () => instead)
    }
    return masked
  }
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
