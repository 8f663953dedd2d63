/**
 * Finds secrets by their context. Of each match only the group `before` is kept. Patterns mask too much rather than too little;
 * `isProse` exempts words of a sentence ("Invalid credentials: user unknown"). Repetitions that can backtrack have bounds, because
 * a crafted line could otherwise block the program.
 */
export interface SecretPattern {
  readonly kind: 'collection' | 'secret' | 'value'
  readonly pattern: RegExp
  /** The value may be a word of a sentence. */
  readonly prose: boolean
}

// In JSON within a JSON string, backslashes precede every quote.
export const QUOTE = String.raw`\\{0,8}["']`
export const QUOTED = [
  String.raw`\\{1,8}"(?:(?!\\{1,8}").)*`,
  String.raw`b?"(?:[^"\\]|\\.)*`,
  String.raw`b?'(?:[^'\\]|\\.)*`,
].join('|')
/** Makes patterns of one kind from their source. */
export const pattern =
  (kind: SecretPattern['kind'], prose = false) =>
  (source: string, flags = 'gi'): SecretPattern => ({
    kind,
    prose,
    pattern: new RegExp(source, flags),
  })
