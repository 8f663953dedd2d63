import type { Styles } from '@warren/runtime'
import type { ReportDocument } from '../document/report-document.ts'
import { renderHtml } from '../render/html/render-html.ts'
import { renderJson } from '../render/json.ts'
import { renderMarkdown } from '../render/markdown.ts'
import { renderText } from '../render/text.ts'

export const OUTPUT_FORMATS = ['md', 'html', 'json', 'text'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

export function render(document: ReportDocument, format: OutputFormat, paint: Styles): string {
  switch (format) {
    case 'md':
      return renderMarkdown(document)
    case 'html':
      return renderHtml(document)
    case 'json':
      return renderJson(document)
    case 'text':
      return renderText(document, paint)
    default:
      return format satisfies never
  }
}

/** The format a file name asks for; undefined where it says nothing. */
export function formatOfFile(name: string | undefined): OutputFormat | undefined {
  const ending = /\.([a-z]+)$/i.exec(name ?? '')?.[1]?.toLowerCase()
  if (ending === 'htm') return 'html'
  if (ending === 'markdown') return 'md'
  if (ending === 'txt') return 'text'
  return OUTPUT_FORMATS.find((format) => format === ending)
}

/** What each source was taken for: said at once, since everything else rests on it. */
export function sourceLines(document: ReportDocument, paint: Styles, most = 20): string {
  const lines = document.sources
    .slice(0, most)
    .map(({ file, format, wrapper, compressed, lines: count, unreadable, role }) => {
      const what = [format, wrapper === 'none' ? '' : `in ${wrapper}`, compressed ? 'gzip' : '']
        .filter(Boolean)
        .join(', ')
      const bad = unreadable > 0 ? `, ${unreadable} unreadable` : ''
      return paint.dim(`${file}: ${what} (${role}; ${count} lines${bad})`)
    })
  const more = document.sources.length - lines.length
  return [...lines, ...(more > 0 ? [paint.dim(`and ${more} more sources`)] : [])]
    .map((line) => `${line}\n`)
    .join('')
}
