/** The words of one command in a shell block, without the variables set before it. */
export interface ShellCommand {
  readonly line: number
  readonly words: readonly string[]
}

/**
 * The commands in a shell block of a document. Understands prompts, comments, quotes, continued lines, pipes and lists. A
 * substitution is one word. Skips the output in a `console` block, which are the lines without a prompt.
 */
export function shellCommands(
  lines: readonly string[],
  firstLine: number,
  language: string,
): ShellCommand[] {
  const commands: ShellCommand[] = []
  let pending = ''
  let pendingLine = firstLine
  for (const [index, raw] of lines.entries()) {
    if (pending === '') pendingLine = firstLine + index
    const prompted = /^\s*[$#]\s+(?<rest>.*)$/.exec(raw)
    const isOutput = language === 'console' && prompted === null && pending === ''
    if (isOutput) continue
    const isComment = language !== 'console' && /^\s*#/.test(raw)
    if (isComment && pending === '') continue
    const text = prompted?.groups?.['rest'] ?? raw
    if (text.endsWith('\\')) {
      pending += `${text.slice(0, -1)} `
      continue
    }
    for (const words of splitCommands(pending + text)) {
      const start = words.findIndex((word) => !/^\w+=/.test(word))
      if (start !== -1) commands.push({ line: pendingLine, words: words.slice(start) })
    }
    pending = ''
  }
  return commands
}

/** Splits a line at `|`, `&` and `;`, and each command into words. Removes redirections and comments. */
function splitCommands(line: string): string[][] {
  const commands: string[][] = [[]]
  const tokens = line.matchAll(
    /(?<comment>(?<=^|\s)#.*$)|(?<redirect>\d*[<>]+&?\s*\S*)|(?<separator>[|&;]+)|(?<word>(?:'[^']*'|"(?:[^"\\]|\\.)*"|\$\([^)]*\)|\\.|[^\s'"|&;<>\\])+)/g,
  )
  for (const { groups } of tokens) {
    if (groups?.['separator'] !== undefined) commands.push([])
    const word = groups?.['word']
    if (word !== undefined) commands.at(-1)?.push(unquote(word))
  }
  return commands.filter((words) => words.length > 0)
}

function unquote(word: string): string {
  return word.replaceAll(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g,
    (_, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped ?? '',
  )
}
