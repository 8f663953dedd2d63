import type { Finding } from '../../document/report-document.ts'
import { formatCount } from '../../vocabulary/figures.ts'
import { SEVERITY_TONE, formatParty, formatList, formatOccurrences } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { advice, pill, type PageContext } from './page-context.ts'
import { renderQuotation } from './quotation.ts'

// Further findings, and those with severity info, are collapsed to one line each.
const MAX_OPEN = 20

export function renderFindings(context: PageContext): SafeHtml {
  const { findings } = context.document
  if (findings.length === 0) return html`<p>None.</p>`
  return html`${findings.map((finding, index) =>
    finding.severity === 'info' || index >= MAX_OPEN
      ? collapsedCard(finding, context)
      : openCard(finding, context),
  )}`
}

function openCard(finding: Finding, context: PageContext): SafeHtml {
  const { id, title, severity } = finding
  return html`<section
    class="card finding ${SEVERITY_TONE[severity]}"
    id="${id}"
    aria-label="${`${id} ${title}`}"
  >
    <header>
      <h3>${id} · ${title}</h3>
      ${pills(finding)}
    </header>
    ${body(finding, context)}
  </section>`
}

function collapsedCard(finding: Finding, context: PageContext): SafeHtml {
  const { id, title, severity } = finding
  return html`<details class="card finding ${SEVERITY_TONE[severity]}">
    <summary>
      <strong>${id} · ${title}</strong>
      ${pills(finding)}
    </summary>
    <div id="${id}" class="target">${body(finding, context)}</div>
  </details>`
}

function pills({ severity, status }: Finding): SafeHtml {
  const tone = SEVERITY_TONE[severity]
  return html`<span class="pills"
    >${pill(tone, severity)}
    ${pill(status === 'ongoing' ? tone : STATUS_TONE[status], status)}</span
  >`
}

const STATUS_TONE = { recovered: 'good', observed: 'note', expected: 'note' } as const

function body(finding: Finding, { time, names }: PageContext): SafeHtml {
  const { periods } = finding
  const occurrences = formatOccurrences(finding, time)
  return html`<p>${finding.why}</p>
    <dl>
      ${row('who must act', html`<strong>${formatParty(finding)}</strong>`)}
      ${row('what to do', advice(finding.action))}
      ${occurrences === null ? null : row('occurrences', occurrences)}
      ${finding.link === null ? null : row('link', html`<a href="#${finding.link}">${names.link(finding.link)}</a>`)}
      ${finding.affects.length === 0 ? null : row('also affects', formatList(finding.affects.map((id) => names.link(id))))}
      ${row('cause', finding.cause)} ${row('confidence', finding.confidence)}
    </dl>
    ${
      finding.next.length > 0
        ? html`<details${finding.severity === 'error' ? html` open` : null}>
            <summary>Steps to try</summary>
            <ol>
              ${finding.next.map((step) => html`<li>${advice(step)}</li>`)}
            </ol>
          </details>`
        : null
    }
    ${
      periods.length > 1
        ? html`<details>
            <summary>Periods: ${periods.length}</summary>
            <ul>
              ${periods.map(({ from, to, count }) => html`<li>${time.span(from, to)}: ${formatCount(count, 'occurrence')}</li>`)}
            </ul>
          </details>`
        : null
    }
    ${renderQuotation(finding.evidence, { title: `Evidence: ${finding.evidence.length} ${finding.evidence.length === 1 ? 'line' : 'lines'}` })}`
}

function row(term: string, description: SafeHtml | string): SafeHtml {
  return html`<dt>${term}</dt>
    <dd>${description}</dd>`
}
