import type { Transaction } from '../../document/report-document.ts'
import { formatSinceStart } from '../time-format.ts'
import { ROLE_LABEL } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { pill, type PageContext } from './page-context.ts'
import { renderLine } from './quotation.ts'

export function renderTransactions({ document }: PageContext): SafeHtml {
  if (document.transactions.length === 0) {
    return html`<p>No poll or task could be followed through the logs in this time range.</p>`
  }
  return html`${document.transactions.map((transaction) => transactionCard(transaction))}`
}

function transactionCard(transaction: Transaction): SafeHtml {
  const { title, text, confidence, complete, steps } = transaction
  return html`<section class="card" aria-label="${title}">
    <header>
      <h3>${title}</h3>
      ${pill(complete ? 'good' : 'none', complete ? 'complete' : 'incomplete')}
    </header>
    <p>${text} <span class="soft">Confidence: ${confidence}.</span></p>
    <ol class="steps">
      ${steps.map(
        (step) =>
          html`<li class="${step.evidence === null ? 'none' : 'good'}">
            <strong>${step.title}</strong>
            <span class="soft small"
              >${ROLE_LABEL[step.leg]}${step.sinceStartMs === null ? '' : `, ${formatSinceStart(step.sinceStartMs)}`}</span
            >${step.evidence === null ? html`<div class="soft small">no log line: ${step.missing ?? 'no source contains it'}</div>` : renderLine(step.evidence)}
          </li>`,
      )}
    </ol>
  </section>`
}
