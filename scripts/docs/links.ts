import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

import { splitMarkdown, type DocProblem } from './markdown.ts'

const LINKS = [
  // [text](target "title") and ![image](target)
  /\]\(\s*<?(?<target>[^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g,
  // [label]: target
  /^\s*\[[^\]]+\]:\s*<?(?<target>[^\s>]+)/g,
  // <img src="target">, <a href="target">
  /\b(?:src|href|srcset)="(?<target>[^"\s]+)/g,
]

/** Relative links of a document to files or headings that do not exist. */
export function brokenLinks(root: string, file: string): DocProblem[] {
  const { prose } = splitMarkdown(readFileSync(join(root, file), 'utf8'))
  return prose.flatMap((text, index) =>
    LINKS.flatMap((link) => [...text.matchAll(link)])
      .map((match) => match.groups?.['target'] ?? '')
      .map((target) => linkProblem(root, file, target))
      .filter((message) => message !== undefined)
      .map((message) => ({ file, line: index + 1, message })),
  )
}

function linkProblem(root: string, file: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target) || target.startsWith('//')) return undefined
  const [path = '', heading] = target.split('#')
  const linked =
    path === '' ? join(root, file) : resolve(root, dirname(file), decodeURIComponent(path))
  if (!existsSync(linked)) return `links to ${target}, which does not exist`
  if (heading === undefined || heading === '' || !linked.endsWith('.md')) return undefined
  const known = headingAnchors(readFileSync(linked, 'utf8')).includes(heading)
  return known ? undefined : `links to ${target}, a heading that does not exist`
}

/** The anchors that GitHub creates for the headings of a document. */
export function headingAnchors(text: string): string[] {
  const { fences } = splitMarkdown(text)
  const code = new Set(fences.flatMap(({ line, lines }) => lines.map((_, index) => line + index)))
  const seen = new Map<string, number>()
  return text.split('\n').flatMap((line, index) => {
    const heading = /^#{1,6}\s+(?<title>.+?)\s*#*$/.exec(line)?.groups?.['title']
    if (heading === undefined || code.has(index + 1)) return []
    const slug = heading
      .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-')
    const before = seen.get(slug) ?? 0
    seen.set(slug, before + 1)
    return [before === 0 ? slug : `${slug}-${before}`]
  })
}
