import type { ReportDocument } from '../../document/report-document.ts'
import type { TimeFormat } from '../time-format.ts'
import type { Names, Tone } from '../wording.ts'
import { MARK } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'

/** What every section needs to know besides the document. */
export interface PageContext {
  readonly document: ReportDocument
  readonly time: TimeFormat
  readonly names: Names
}

/** A state as a mark, a word and a colour; the word alone is enough. */
export function pill(tone: Tone, text: string): SafeHtml {
  return html`<span class="pill ${tone}"
    ><span aria-hidden="true">${MARK[tone]}</span> ${text}</span
  >`
}

/** A list, or nothing. */
export function list(items: readonly (SafeHtml | string)[]): SafeHtml | null {
  return items.length === 0
    ? null
    : html`<ul>
        ${items.map((item) => html`<li>${item}</li>`)}
      </ul>`
}

/** Reachable by keyboard, since it scrolls sideways where the screen is narrow. */
export function scrolling(label: string, content: SafeHtml): SafeHtml {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`
}

/** Our own advice: what stands in backticks is code, the rest text. */
export function advice(value: string): SafeHtml {
  const parts = value.split('`')
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`
}
