import type { Source } from '../../document/report-document.ts'
import { formatNumber } from '../../vocabulary/figures.ts'
import { formatTimeRange } from '../time-format.ts'
import { SEVERITY_TONE, formatParty, findingsToActOn } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { advice, pill, scrolling, type PageContext } from './page-context.ts'
import { renderQuotation } from './quotation.ts'

/** Caveats, figures, who must act, and the sources. */
export function renderSummary(context: PageContext): SafeHtml {
  const { numbers, caveats, sources } = context.document
  return html`${
      caveats.length > 0
        ? html`<ul class="caveats">
            ${caveats.map(({ severity, text }) => html`<li class="${SEVERITY_TONE[severity]}">${pill(SEVERITY_TONE[severity], severity)} ${text}</li>`)}
          </ul>`
        : null
    }
    <p>Time range: ${formatTimeRange(context.document)}</p>
    <dl class="facts">
      ${numbers.map(
        ({ label, value }) =>
          html`<div>
            <dt>${label}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${whoMustAct(context)}
    <details>
      <summary>Sources read: ${sources.length}</summary>
      ${scrolling('Sources', sourceTable(sources, context))}
      ${sources.map((source) => renderQuotation(source.samples, { title: `${source.file}: sample of the lines that were not recognised` }))}
    </details>`
}

function whoMustAct({ document }: PageContext): SafeHtml | null {
  const { shown, more } = findingsToActOn(document.findings)
  if (shown.length === 0) return null
  return html`<h3>Who must act</h3>
    <ul class="actions">
      ${shown.map(
        (finding) =>
          html`<li class="${SEVERITY_TONE[finding.severity]}">
            <strong>${formatParty(finding)}</strong>: ${advice(finding.action)}
            <a href="#${finding.id}">${finding.id} ${finding.title}</a>
          </li>`,
      )}
      ${more > 0 ? html`<li class="none">and ${more} more: see <a href="#findings">Findings</a></li>` : null}
    </ul>`
}

function sourceTable(sources: readonly Source[], { time }: PageContext): SafeHtml {
  return html`<table>
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
            <td>${source.format}<br /><span class="soft small">${source.wrapper}</span></td>
            <td class="num">
              ${formatNumber(source.lines)}${source.unreadable > 0 ? html`<br /><span class="soft small">${formatNumber(source.unreadable)} not recognised</span>` : null}
            </td>
            <td>${time.at(source.first)}</td>
            <td>${time.at(source.last)}</td>
            <td class="wide">
              ${source.placement.text}${source.notes.map((note) => html`<br /><span class="soft small">${note}</span>`)}
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`
}
