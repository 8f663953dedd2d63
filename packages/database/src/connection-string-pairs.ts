import { addressProblem } from './address-problem.ts'

/** Key, `=`, and a value that is quoted or not. A key contains an `=` if it is doubled. */
const KEY = /[\s;]*((?:[^=;]|==)+?)\s*=(?!=)\s*/y
const DOUBLE_QUOTED = /"((?:[^"]|"")*)"\s*(?:;|$)/y
const SINGLE_QUOTED = /'((?:[^']|'')*)'\s*(?:;|$)/y
const PLAIN = /([^;]*?)\s*(?:;|$)/y

/**
 * Reads an ADO.NET connection string: `Key=value;Other key="va;lue"`. If a key is repeated, the last one
 * counts. A key without a value counts as absent.
 * @throws ProgramError that contains no value
 */
export function readConnectionStringPairs(text: string): { key: string; value: string }[] {
  const pairs = new Map<string, { key: string; value: string }>()
  let position = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position
    const found = pattern.exec(text)
    if (found !== null) position = pattern.lastIndex
    return found
  }
  while (!/^[\s;]*$/.test(text.slice(position))) {
    const key = match(KEY)?.[1]?.replaceAll('==', '=')
    if (key === undefined) {
      throw addressProblem(`the connection string has no "=" after character ${position}`)
    }
    const quote = text[position]
    const value =
      quote === '"'
        ? match(DOUBLE_QUOTED)?.[1]?.replaceAll('""', '"')
        : quote === "'"
          ? match(SINGLE_QUOTED)?.[1]?.replaceAll("''", "'")
          : match(PLAIN)?.[1]
    if (value === undefined) {
      throw addressProblem(
        `the value of "${key}" has no closing quote, or text after it`,
        'Quote a value with " or \' from its first to its last character, and double a quote inside of it.',
      )
    }
    const name = canonicalKey(key)
    pairs.delete(name)
    if (value !== '') pairs.set(name, { key, value })
  }
  return [...pairs.values()]
}

/** Keys are compared without case and spaces: `SSL Mode`, `SslMode`. */
export function canonicalKey(key: string): string {
  return key.toLowerCase().replaceAll(/\s/g, '')
}
