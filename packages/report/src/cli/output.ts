import type { OutputStream, Styles } from '@warren/runtime/cli'
import type { ReportDocument } from '../document/report-document.ts'
import { formatCount, formatNumber } from '../vocabulary/figures.ts'
import { wrapped } from '../render/text-lines.ts'
import type { Screen } from '../render/text.ts'
import { ROLE_LABEL } from '../render/wording.ts'
import type { OutputFormat } from './output-format.ts'

/** Renders the document. Each renderer is loaded on first use. */
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

/** The width of the terminal. In a pipe, lines are not wrapped. */
export function screenOf({ isTTY, columns }: OutputStream): Screen {
  return isTTY === true ? { columns } : {}
}

/** Each source with its detected format, because every result depends on it. */
export function sourceLines(
  document: ReportDocument,
  paint: Styles,
  { columns = Number.POSITIVE_INFINITY }: Screen = {},
  max = 20,
): string {
  const lines = document.sources
    .slice(0, max)
    .map(({ file, format, wrapper, compressed, lines: count, unreadable, role }) => {
      const detected = [format, wrapper === 'none' ? '' : `in ${wrapper}`, compressed ? 'gzip' : '']
        .filter(Boolean)
        .join(', ')
      const bad = unreadable > 0 ? `, ${formatNumber(unreadable)} not recognised` : ''
      const size = formatCount(count, 'line')
      return `${file}: ${detected} (${ROLE_LABEL[role]}; ${size}${bad})`
    })
  const more = document.sources.length - lines.length
  return [...lines, ...(more > 0 ? [`and ${formatCount(more, 'more source')}`] : [])]
    .flatMap((line) => wrapped(line, columns, ''))
    .map((line) => `${paint.dim(line)}\n`)
    .join('')
}
