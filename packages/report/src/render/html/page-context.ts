import type { ReportDocument } from '../../document/report-document.ts'
import type { TimeFormat } from '../time-format.ts'
import type { Names, Tone } from '../wording.ts'
import { MARK } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'

/** The document, and what every section uses to format it. */
export interface PageContext {
  readonly document: ReportDocument
  readonly time: TimeFormat
  readonly names: Names
}

/** A state as a mark, a label and a colour. */
export function pill(tone: Tone, text: string): SafeHtml {
  return html`<span class="pill ${tone}"
    ><span aria-hidden="true">${MARK[tone]}</span> ${text}</span
  >`
}

/** A list, or null if there are no items. */
export function list(items: readonly (SafeHtml | string)[]): SafeHtml | null {
  return items.length === 0
    ? null
    : html`<ul>
        ${items.map((item) => html`<li>${item}</li>`)}
      </ul>`
}

/** Scrolls sideways on a narrow screen. `tabindex` makes it reachable by keyboard. */
export function scrolling(label: string, content: SafeHtml): SafeHtml {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`
}

/** A cell of a table that becomes a list of labelled values on a narrow screen. */
export function cell(label: string, value: SafeHtml | string, style = ''): SafeHtml {
  return html`<td data-label="${label}" ${style === '' ? null : html`class="${style}"`}>
    ${value}
  </td>`
}

/** Text of the report, in which backticks mark code. */
export function advice(value: string): SafeHtml {
  const parts = value.split('`')
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`
}
