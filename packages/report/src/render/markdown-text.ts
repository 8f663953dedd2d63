export function oneLine(value: string): string {
  return value.replaceAll(/\s+/g, ' ')
}

/** Text of a log must not become markup, a mention, a heading or a cell of its own. */
export function text(value: string): string {
  return (
    oneLine(value)
      .replaceAll(/[\\`*[\]|#~<>&@]/g, (character) => ENTITY[character] ?? `\\${character}`)
      // Between letters an underscore is one; escaping it there only makes the source harder to read.
      .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\_`)
  )
}

const ENTITY: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '@': '&#64;',
}

/** Our own advice: what stands in backticks is code, the rest text. */
export function advice(value: string): string {
  return value
    .split('`')
    .map((part, index) => (index % 2 === 1 ? code(part) : text(part)))
    .join('')
}

/** A quoted line inside of a sentence. */
export function code(value: string): string {
  const flat = oneLine(value)
  const longest = Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length))
  const tick = '`'.repeat(longest + 1)
  return longest === 0 ? `${tick}${flat}${tick}` : `${tick} ${flat} ${tick}`
}

/** Lines as a block of code, in a fence that none of them ends. */
export function fenced(lines: readonly string[]): string[] {
  const longest = Math.max(
    0,
    ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)),
  )
  const fence = '`'.repeat(Math.max(3, longest + 1))
  return [fence, ...lines, fence]
}
