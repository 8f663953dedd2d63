/** A problem in a document, where its author finds it. */
export interface DocProblem {
  readonly file: string
  readonly line: number
  readonly message: string
}

/** A fenced block of code. */
interface Fence {
  /** First word after the backticks; '' where there is none. */
  readonly language: string
  /** Line number, from 1, of the first line inside. */
  readonly line: number
  readonly lines: readonly string[]
}

const FENCE = /^\s*(?<marks>`{3,}|~{3,})\s*(?<language>[\w-]*)/

export interface MarkdownParts {
  readonly fences: readonly Fence[]
  /** The document line by line, with code blanked out. */
  readonly prose: readonly string[]
}

/** Separates a document's code from its prose; both keep their line numbers. */
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
