/** A problem in a document or source file, with its place. */
export interface DocProblem {
  readonly file: string
  readonly line: number
  readonly message: string
}

/** A fenced block of code. */
interface Fence {
  /** The first word after the backticks, or ''. */
  readonly language: string
  /** Number of the first line inside, counted from 1. */
  readonly line: number
  readonly lines: readonly string[]
}

const FENCE = /^\s*(?<marks>`{3,}|~{3,})\s*(?<language>[\w-]*)/

export interface MarkdownParts {
  readonly fences: readonly Fence[]
  /** The lines of the document, with code replaced by spaces. */
  readonly prose: readonly string[]
}

/** Separates code from prose. Both keep their line numbers. */
export function splitMarkdown(text: string): MarkdownParts {
  const fences: Fence[] = []
  const prose: string[] = []
  let open: { marks: string; language: string; line: number; lines: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const match = FENCE.exec(line)
    const marks = match?.groups?.['marks']
    if (open === undefined && marks !== undefined) {
      open = { marks, language: match?.groups?.['language'] ?? '', line: index + 2, lines: [] }
    } else if (open !== undefined && marks?.startsWith(open.marks) === true) {
      fences.push(open)
      open = undefined
    } else if (open !== undefined) {
      open.lines.push(line)
    } else {
      prose.push(line.replaceAll(/`[^`]*`/g, (code) => ' '.repeat(code.length)))
      continue
    }
    prose.push('')
  }
  if (open !== undefined) fences.push(open)
  return { fences, prose }
}
