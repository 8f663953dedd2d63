import type { Styles } from '@warren/runtime/cli'
import type { ReportDocument } from '../document/report-document.ts'
import type { OutputFormat } from './output-format.ts'

/** The document as text. A renderer is loaded when it is asked for. */
export async function render(
  document: ReportDocument,
  format: OutputFormat,
  paint: Styles,
): Promise<string> {
  switch (format) {
    case 'md': {
      const { renderMarkdown } = await import('../render/markdown.ts')
      return renderMarkdown(document)
    }
    case 'html': {
      const { renderHtml } = await import('../render/html/render-html.ts')
      return renderHtml(document)
    }
    case 'json': {
      const { renderJson } = await import('../render/json.ts')
      return renderJson(document)
    }
    case 'text': {
      const { renderText } = await import('../render/text.ts')
      return renderText(document, paint)
    }
    default:
      return format satisfies never
  }
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
