import type { Transaction } from '../../document/report-document.ts'
import { sinceText } from '../time-format.ts'
import { html, type SafeHtml } from './html-template.ts'
import { pill, type PageContext } from './page-context.ts'
import { quotedLine } from './quotation.ts'

export function transactionSection({ document }: PageContext): SafeHtml {
  if (document.transactions.length === 0) {
    return html`<p>No poll and no task could be followed in this window.</p>`
  }
  return html`${document.transactions.map((transaction) => transactionCard(transaction))}`
}

function transactionCard(transaction: Transaction): SafeHtml {
  const { title, text, certainty, complete, steps } = transaction
  return html`<section class="card" aria-label="${title}">
    <header>
      <h3>${title}</h3>
      ${pill(complete ? 'good' : 'none', complete ? 'every leg shown' : 'not every leg shown')}
    </header>
    <p>${text} <span class="soft">(${certainty})</span></p>
    <ol class="steps">
      ${steps.map(
        (step) =>
          html`<li class="${step.evidence === null ? 'none' : 'good'}">
            <strong>${step.title}</strong>
            <span class="soft small"
              >${step.leg}${step.sinceStartMs === null ? '' : `, ${sinceText(step.sinceStartMs)}`}</span
            >${step.evidence === null ? html`<div class="soft small">no line: ${step.missing ?? 'nothing in the sources'}</div>` : quotedLine(step.evidence)}
          </li>`,
      )}
    </ol>
  </section>`
}
