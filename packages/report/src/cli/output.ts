import type { OutputStream, Styles } from '@warren/runtime/cli'
import type { ReportDocument } from '../document/report-document.ts'
import type { Screen } from '../render/text.ts'
import { countText, ROLE_WORD } from '../render/wording.ts'
import type { OutputFormat } from './output-format.ts'

/** The document as text. A renderer is loaded when it is asked for. */
export async function render(
  document: ReportDocument,
  format: OutputFormat,
  paint: Styles,
  screen: Screen = {},
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
      return renderText(document, paint, screen)
    }
    default:
      return format satisfies never
  }
}

/** The width of a terminal; in a pipe lines are as long as they are. */
export function screenOf({ isTTY, columns }: OutputStream): Screen {
  return isTTY === true ? { columns } : {}
}

/** What each source was taken for: said at once, since everything else rests on it. */
export function sourceLines(document: ReportDocument, paint: Styles, most = 20): string {
  const lines = document.sources
    .slice(0, most)
    .map(({ file, format, wrapper, compressed, lines: count, unreadable, role }) => {
      const what = [format, wrapper === 'none' ? '' : `in ${wrapper}`, compressed ? 'gzip' : '']
        .filter(Boolean)
        .join(', ')
      const bad = unreadable > 0 ? `, ${countText(unreadable)} unreadable` : ''
      const size = `${countText(count)} ${count === 1 ? 'line' : 'lines'}`
      return paint.dim(`${file}: ${what} (${ROLE_WORD[role]}; ${size}${bad})`)
    })
  const more = document.sources.length - lines.length
  return [...lines, ...(more > 0 ? [paint.dim(`and ${more} more sources`)] : [])]
    .map((line) => `${line}\n`)
    .join('')
}
