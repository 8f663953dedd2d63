export function oneLine(value: string): string {
  return value.replaceAll(/\s+/g, ' ')
}

/** Escapes text, so that a log line cannot become markup, a mention, a heading or a table cell. */
export function text(value: string): string {
  return (
    oneLine(value)
      .replaceAll(/[\\`*[\]|#~<>&@]/g, (character) => ENTITY[character] ?? `\\${character}`)
      // An underscore between letters is literal in Markdown. Escaping it would only make the source harder to read.
      .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\_`)
  )
}

const ENTITY: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '@': '&#64;',
}

/** Text of the report, in which backticks mark code. */
export function advice(value: string): string {
  return value
    .split('`')
    .map((part, index) => (index % 2 === 1 ? code(part) : text(part)))
    .join('')
}

/** Inline code. */
export function code(value: string): string {
  const flat = oneLine(value)
  const longest = Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length))
  const tick = '`'.repeat(longest + 1)
  return longest === 0 ? `${tick}${flat}${tick}` : `${tick} ${flat} ${tick}`
}

/** A code block whose fence is longer than any run of backticks in its lines. */
export function fenced(lines: readonly string[]): string[] {
  const longest = Math.max(
    0,
    ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)),
  )
  const fence = '`'.repeat(Math.max(3, longest + 1))
  return [fence, ...lines, fence]
}
