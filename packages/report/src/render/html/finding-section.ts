import type { Finding } from '../../document/report-document.ts'
import { SEVERITY_TONE, actor, countText, enumerated, seenText } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { advice, pill, type PageContext } from './page-context.ts'
import { quotation } from './quotation.ts'

// With more than these nobody reads on: the rest, like mere information, is one line each until it is unfolded.
const MOST_OPEN = 20

export function findingSection(context: PageContext): SafeHtml {
  const { findings } = context.document
  if (findings.length === 0) return html`<p>None.</p>`
  return html`${findings.map((finding, index) =>
    finding.severity === 'info' || index >= MOST_OPEN
      ? foldedCard(finding, context)
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

function foldedCard(finding: Finding, context: PageContext): SafeHtml {
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
  return html`<p>${finding.why}</p>
    <dl>
      ${row('who must act', html`<strong>${actor(finding)}</strong>`)}
      ${row('what to do', advice(finding.action))} ${row('seen', seenText(finding, time))}
      ${finding.link === null ? null : row('link', html`<a href="#${finding.link}">${names.link(finding.link)}</a>`)}
      ${finding.affects.length === 0 ? null : row('also affects', enumerated(finding.affects.map((id) => names.link(id))))}
      ${row('cause', `${finding.cause}, ${finding.confidence}`)}
    </dl>
    ${
      finding.next.length > 0
        ? html`<details${finding.severity === 'error' ? html` open` : null}>
            <summary>What to try</summary>
            <ol>
              ${finding.next.map((step) => html`<li>${advice(step)}</li>`)}
            </ol>
          </details>`
        : null
    }
    ${
      periods.length > 1
        ? html`<details>
            <summary>Separate times: ${periods.length}</summary>
            <ul>
              ${periods.map(({ from, to, count }) => html`<li>${time.at(from)} to ${time.at(to)}: ${countText(count)} ×</li>`)}
            </ul>
          </details>`
        : null
    }
    ${quotation(finding.evidence, { title: `Evidence: ${finding.evidence.length} ${finding.evidence.length === 1 ? 'line' : 'lines'}` })}`
}

function row(term: string, description: SafeHtml | string): SafeHtml {
  return html`<dt>${term}</dt>
    <dd>${description}</dd>`
}
