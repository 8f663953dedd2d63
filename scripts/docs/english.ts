import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseSync, Visitor } from 'oxc-parser'

import { splitMarkdown, type DocProblem } from './markdown.ts'

/** Something that docs/style.md or docs/glossary.md rules out. */
export interface Rule {
  readonly pattern: RegExp
  readonly advice: string
}

/** The patterns of docs/style.md that a machine can find without reading the sentence. */
const STYLE_RULES: readonly Rule[] = [
  {
    pattern:
      /(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b|less\b|fewer\b|later\b|older\b)[a-z]+/gi,
    advice: 'write "is not a …" or "there is no …"',
  },
  {
    pattern:
      /\b(?:one|once|lines?|polls?|requests?|files?|folders?|process|subtask|block|table|listener|idea|page|decision|thing) a (?:second|line|node|task|file|format|collection|search|case|program|store|commit|question|decision|client|poll)\b/gi,
    advice: 'write "per"',
  },
  {
    pattern: /\b(?:unless|when|where) (?:told|given)\b/gi,
    advice: 'write "default: …" or "if set"',
  },
  {
    pattern: /\bcomes? into question\b|\bsurely\b|\bsuffice[sd]?\b/gi,
    advice: 'write "matches", "can be matched" or "is enough"',
  },
  {
    pattern:
      /\bwithout a word\b|\bin order(?=, so\b| at\b)|\bby (?:its|their) own words?\b|\bas if nothing\b/gi,
    advice: 'write "without a shutdown message", "cleanly" or "according to its log"',
  },
  { pattern: /’/g, advice: "write '" },
]

/** Files whose words are a protocol's, or formats that log pipelines match. */
const PROTOCOL_FILES =
  /(?:^|\/)(?:log-text|bunny-text|relay-text|known-words)\.ts$|\/corpus\/writers\/(?:dotnet-relay|python-bunny)\.ts$|^docs\/glossary\.md$|(?:^|\/)CHANGELOG-[\w.]+\.md$/

/** Reads the words that docs/glossary.md rules out: the third column of its tables, and the first of its last one. */
export function glossaryRules(glossary: string): Rule[] {
  const rules: Rule[] = []
  let never = false
  for (const line of glossary.split('\n')) {
    if (line.startsWith('## ')) never = line === '## Never'
    const cells = line.split('|').map((cell) => cell.trim())
    if (cells.length < 4 || /^-+$/.test(cells[1] ?? '')) continue
    const [, first = '', second = '', third = ''] = cells
    if (first === 'term' || first === 'instead of') continue
    const [words, advice] = never ? [first, second] : [third, first]
    for (const word of words.split(', ')) {
      if (word === '' || /[†"…()]/.test(word)) continue
      // A capital in the word makes it a matter of spelling: `collectionID` is wrong, `collection ID` is not.
      const flags = /[A-Z]/.test(word) || word.includes(' id') ? 'g' : 'gi'
      const text = word.replaceAll(/[$.*+?^()[\]{}|\\]/g, String.raw`\$&`).replaceAll("'", "['’]")
      rules.push({
        // A hyphen before the word makes it a part of a command, such as `list-subnodes`, and a quotation mark a name in
        // the database of another program, such as "SubNodes".
        pattern: new RegExp(String.raw`(?<![\w"-])${text}(?![\w-])`, flags),
        advice: `write ${advice}`,
      })
    }
  }
  return rules
}

/** Prose of one document that breaks a rule. Code, and examples that are struck through, are left out. */
export function documentEnglish(root: string, file: string, rules: readonly Rule[]): DocProblem[] {
  if (PROTOCOL_FILES.test(file)) return []
  const { prose } = splitMarkdown(readFileSync(join(root, file), 'utf8'))
  return prose.flatMap((text, index) =>
    brokenRules(text.replaceAll(/~~.*?~~/g, ''), rules).map((message) => ({
      file,
      line: index + 1,
      message,
    })),
  )
}

/** Comments, test titles and text of more than one word in one source file that break a rule. */
export function sourceEnglish(root: string, file: string, rules: readonly Rule[]): DocProblem[] {
  if (PROTOCOL_FILES.test(file)) return []
  const source = readFileSync(join(root, file), 'utf8')
  const { program, comments, errors } = parseSync(file, source)
  if (errors.length > 0) return [{ file, line: 1, message: `cannot parse: ${errors[0]?.message}` }]
  const texts: { readonly start: number; readonly text: string }[] = comments.map(
    ({ start, value }) => ({
      start,
      text: value.replaceAll(/`[^`]*`/g, ''),
    }),
  )
  const test = /\.test\.ts$|\/test\//.test(file)
  new Visitor({
    Literal({ value, start }) {
      if (!test && typeof value === 'string' && value.includes(' '))
        texts.push({ start, text: value })
    },
    TemplateLiteral({ quasis, start }) {
      if (!test)
        texts.push({ start, text: quasis.map(({ value }) => value.cooked ?? '').join('…') })
    },
    CallExpression({ callee, arguments: [title] }) {
      if (!test || title?.type !== 'Literal' || typeof title.value !== 'string') return
      const name = source.slice(callee.start, callee.end)
      if (/^(?:it|test|describe)\b/.test(name))
        texts.push({ start: title.start, text: title.value })
    },
  }).visit(program)
  return [...new Map(texts.map((text) => [text.start, text])).values()]
    .toSorted((a, b) => a.start - b.start)
    .flatMap(({ start, text }) =>
      brokenRules(text, rules).map((message) => ({
        file,
        line: source.slice(0, start).split('\n').length,
        message,
      })),
    )
}

export function englishRules(root: string): Rule[] {
  return [...STYLE_RULES, ...glossaryRules(readFileSync(join(root, 'docs/glossary.md'), 'utf8'))]
}

/** The words of a text that break a rule, each with what to write. */
export function brokenRules(text: string, rules: readonly Rule[]): string[] {
  return rules.flatMap(({ pattern, advice }) =>
    [...text.matchAll(pattern)].map(([words]) => `"${words}": ${advice}`),
  )
}
