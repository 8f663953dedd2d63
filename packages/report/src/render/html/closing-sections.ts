import { CHECK_TONE } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { list, pill, type PageContext } from './page-context.ts'
import { renderQuotation } from './quotation.ts'

export function renderChecklist({ document }: PageContext): SafeHtml {
  return html`<ul class="checks">
    ${document.checklist.map(
      (check) =>
        html`<li>
          ${pill(CHECK_TONE[check.state], check.state)}
          <div>
            <strong>${check.title}</strong> <span class="soft">${check.number}</span>
            ${check.state === 'passed' ? null : html`<br />${check.detail}`}${check.findings.map((id) => html` <a href="#${id}">${id}</a>`)}${renderQuotation(check.evidence, { title: `Evidence: ${check.evidence.length} ${check.evidence.length === 1 ? 'line' : 'lines'}` })}
          </div>
        </li>`,
    )}
  </ul>`
}

export function renderConclusion({ document }: PageContext): SafeHtml {
  const { text, supported, notSupported } = document.conclusion
  return html`<p>${text}</p>
    ${part('Supported by evidence', supported)} ${part('Missing evidence', notSupported)}`
}

function part(title: string, items: readonly string[]): SafeHtml | null {
  return items.length === 0
    ? null
    : html`<h3>${title}</h3>
        ${list(items)}`
}
