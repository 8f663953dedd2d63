import type { Evidence } from '../../document/report-document.ts'
import { html, type SafeHtml } from './html-template.ts'

/** Quoted log lines, collapsed. */
export function renderQuotation(
  lines: readonly Evidence[],
  { title, open = false }: { title: string; open?: boolean },
): SafeHtml | null {
  if (lines.length === 0) return null
  return html`<details${open ? html` open` : null}><summary>${title}</summary>${lines.map((line) => renderLine(line))}</details>`
}

export function renderLine(line: Evidence): SafeHtml {
  const note = line.note === undefined ? null : html`<div class="soft small">${line.note}</div>`
  return html`<pre><span class="at">${line.file}:${line.line}</span>
${line.text}</pre>
    ${note}`
}
