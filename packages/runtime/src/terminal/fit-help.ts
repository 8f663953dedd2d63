import { displayWidth, wrapWords } from './text-width.ts'

const STACKED_INDENT = ' '.repeat(6)
const USAGE = 'Usage: '

type BlockKind = 'blank' | 'prose' | 'indented'

/**
 * Help text in lines of at most `width` columns. Paragraphs are wrapped again. Indented lines are commands, with or
 * without a description after two spaces. They are broken so that a shell still accepts them as printed.
 */
export function fitHelp(text: string, width: number): string {
  return blocksOf(text.split('\n'))
    .flatMap(({ kind, lines }) => {
      if (lines.every((line) => displayWidth(line) <= width)) return lines
      return kind === 'prose' ? paragraph(lines, width) : commands(lines, width)
    })
    .join('\n')
}

function blocksOf(lines: readonly string[]): { kind: BlockKind; lines: string[] }[] {
  const blocks: { kind: BlockKind; lines: string[] }[] = []
  for (const line of lines) {
    const kind = line === '' ? 'blank' : line.startsWith(' ') ? 'indented' : 'prose'
    const last = blocks.at(-1)
    if (last?.kind === kind) last.lines.push(line)
    else blocks.push({ kind, lines: [line] })
  }
  return blocks
}

function paragraph(lines: readonly string[], width: number): string[] {
  const text = lines.join(' ')
  const rest = text.startsWith(USAGE) ? ' '.repeat(USAGE.length) : ''
  return wrapWords(text, width, { rest })
}

function commands(lines: readonly string[], width: number): string[] {
  const items = lines.map((line) => {
    const indent = /^ */.exec(line)?.[0] ?? ''
    const [command = '', ...description] = line.trimStart().split(/ {2,}/)
    return { indent, command, description: description.join(' ') }
  })
  const described = items.filter(({ description }) => description !== '')
  const column =
    Math.max(0, ...described.map(({ indent, command }) => (indent + command).length)) + 2
  const isStacked = described.some(({ description }) => column + displayWidth(description) > width)
  return items.flatMap(({ indent, command, description }) => {
    const own = wrapCommand(command, width, indent)
    if (description === '') return own
    if (!isStacked) return [(indent + command).padEnd(column) + description]
    return [
      ...own,
      ...wrapWords(description, width, { first: STACKED_INDENT, rest: STACKED_INDENT }),
    ]
  })
}

/** A command on several lines, each but the last ended by a pipe or a backslash. JSON alone needs neither. */
export function wrapCommand(command: string, width: number, indent: string): string[] {
  if (displayWidth(indent + command) <= width) return [indent + command]
  if (command.endsWith(':')) return wrapWords(command, width, { first: indent, rest: indent })
  const rest = `${indent}  `
  if (/^[[{"]/.test(command)) return jsonLines(indent + command, width, rest)
  return pipedParts(shellWords(command)).flatMap((words, index) =>
    shellLines(words, index === 0 ? indent : rest, width, rest),
  )
}

/** Splits at spaces outside of quotes. */
function shellWords(command: string): string[] {
  return command.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [command]
}

/** The commands of a pipe, each but the last with its `|`. */
function pipedParts(words: readonly string[]): string[][] {
  const parts: string[][] = [[]]
  for (const word of words) {
    const part = parts.at(-1) ?? []
    if (word === '|') {
      part.push(`${part.pop() ?? ''} |`)
      parts.push([])
    } else part.push(word)
  }
  return parts
}

function shellLines(
  words: readonly string[],
  first: string,
  width: number,
  rest: string,
): string[] {
  const available = width - 2
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of withValues(words, available - rest.length)) {
    const longer = isEmpty ? line + word : `${line} ${word}`
    if (!isEmpty && displayWidth(longer) > available) {
      lines.push(`${line} \\`)
      line = rest + word
    } else line = longer
    isEmpty = false
    if (displayWidth(line) <= available) continue
    const pieces = jsonLines(line, available, rest)
    lines.push(...pieces.slice(0, -1))
    line = pieces.at(-1) ?? ''
  }
  return [...lines, line]
}

/** Keeps an option and its value on one line where they fit. */
function withValues(words: readonly string[], available: number): string[] {
  const units: string[] = []
  for (const word of words) {
    const option = units.at(-1) ?? ''
    const together = `${option} ${word}`
    if (
      /^--?[\w-]+$/.test(option) &&
      !word.startsWith('-') &&
      displayWidth(together) <= available
    ) {
      units[units.length - 1] = together
    } else units.push(word)
  }
  return units
}

/** Breaks after the commas of JSON, where a line break changes nothing, not even inside the quotes of a shell. */
function jsonLines(line: string, width: number, rest: string): string[] {
  const lines: string[] = []
  let part = ''
  for (const piece of line.split(/(?<=,)(?= ?["{[])/)) {
    if (part !== '' && displayWidth(part + piece) > width) {
      lines.push(part)
      part = rest + piece.trimStart()
    } else part += piece
  }
  return [...lines, part]
}
