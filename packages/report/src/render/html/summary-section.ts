import type { Source } from '../../document/report-document.ts'
import { formatNumber } from '../../vocabulary/figures.ts'
import { SEVERITY_TONE } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { cell, pill, scrolling, type PageContext } from './page-context.ts'
import { renderQuotation } from './quotation.ts'

/** Caveats, figures and the sources. */
export function renderSummary(context: PageContext): SafeHtml {
  const { numbers, caveats, sources } = context.document
  return html`${
      caveats.length > 0
        ? html`<ul class="caveats">
            ${caveats.map(({ severity, text }) => html`<li class="${SEVERITY_TONE[severity]}">${pill(SEVERITY_TONE[severity], severity)} ${text}</li>`)}
          </ul>`
        : null
    }
    <dl class="facts">
      ${numbers.map(
        ({ label, value }) =>
          html`<div>
            <dt>${label}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    <details>
      <summary>Sources read: ${sources.length}</summary>
      ${scrolling('Sources', sourceTable(sources, context))}
      ${sources.map((source) => renderQuotation(source.samples, { title: `${source.file}: sample of the lines that were not recognised` }))}
    </details>`
}

function sourceTable(sources: readonly Source[], { time }: PageContext): SafeHtml {
  return html`<table class="stacked">
    <thead>
      <tr>
        <th scope="col">file</th>
        <th scope="col">format</th>
        <th scope="col" class="num">lines</th>
        <th scope="col">from</th>
        <th scope="col">to</th>
        <th scope="col">time zone</th>
      </tr>
    </thead>
    <tbody>
      ${sources.map(
        (source) =>
          html`<tr>
            <th scope="row" class="path">${source.file}</th>
            ${cell('format', html`${source.format}<br /><span class="soft small">${source.wrapper}</span>`)}
            ${cell('lines', html`${formatNumber(source.lines)}${source.unreadable > 0 ? html`<br /><span class="soft small">${formatNumber(source.unreadable)} not recognised</span>` : null}`, 'num')}
            ${cell('from', time.at(source.first))} ${cell('to', time.at(source.last))}
            ${cell('time zone', html`${source.placement.text}${source.notes.map((note) => html`<br /><span class="soft small">${note}</span>`)}`, 'wide')}
          </tr>`,
      )}
    </tbody>
  </table>`
}
