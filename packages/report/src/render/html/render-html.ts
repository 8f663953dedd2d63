import type { ReportDocument } from '../../document/report-document.ts'
import { formatCount } from '../../vocabulary/figures.ts'
import { TimeFormat, formatTimeRange } from '../time-format.ts'
import { MARK, Names, QUOTES_NOTE, VERDICT_TONE, VERDICT_LABEL } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { PAGE_STYLE } from './page-style.ts'
import { renderActions } from './action-list.ts'
import { renderChecklist, renderConclusion } from './closing-sections.ts'
import { renderAnswer, renderComparison } from './comparison-section.ts'
import { renderComponents } from './component-section.ts'
import { renderFindings } from './finding-section.ts'
import { renderFlow } from './flow-section.ts'
import { renderNetworkPicture } from './network-picture.ts'
import type { PageContext } from './page-context.ts'
import { renderSummary } from './summary-section.ts'
import { renderTransactions } from './transaction-section.ts'

interface Section {
  readonly id: string
  readonly title: string
  readonly body: (context: PageContext) => SafeHtml
}

const SECTIONS: readonly Section[] = [
  { id: 'summary', title: 'Executive summary', body: renderSummary },
  { id: 'findings', title: 'Findings', body: renderFindings },
  { id: 'components', title: 'System components', body: renderComponents },
  { id: 'flow', title: 'Interaction flow', body: renderFlow },
  { id: 'transaction', title: 'One transaction, step by step', body: renderTransactions },
  { id: 'validation', title: 'Validation of system health', body: renderChecklist },
  { id: 'conclusion', title: 'Conclusion', body: renderConclusion },
]

/**
 * The report as one self-contained page: without scripts and requests, light and dark, printable, and usable with a keyboard and
 * a screen reader.
 */
export function renderHtml(document: ReportDocument): string {
  const context = { document, time: new TimeFormat(document), names: new Names(document) }
  const { verdict, sentence, totals } = document
  const tone = VERDICT_TONE[verdict]
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <title>Network health: ${VERDICT_LABEL[verdict]}</title>
        ${PAGE_STYLE}
      </head>
      <body>
        <a class="skip" href="#summary">Skip to the report</a>
        <header class="top">
          <h1>Network health report</h1>
          ${renderAnswer(context)}
          <div class="verdict ${tone}">
            <strong><span aria-hidden="true">${MARK[tone]}</span> ${VERDICT_LABEL[verdict]}</strong>
            <p>${sentence}</p>
            <p class="small">${formatTimeRange(document)}</p>
          </div>
          ${renderActions(context)} ${renderNetworkPicture(document)}
          <nav aria-label="Sections">
            <ol>
              ${document.comparison === undefined ? null : html`<li><a href="#comparison">Before and after</a></li>`}
              ${SECTIONS.map(({ id, title }, index) => html`<li><a href="#${id}">${index + 1}. ${title}</a></li>`)}
            </ol>
          </nav>
        </header>
        <main>
          ${renderComparison(context)}
          ${SECTIONS.map(
            ({ id, title, body }, index) =>
              html`<section aria-labelledby="${id}">
                <h2 id="${id}" tabindex="-1">${index + 1}. ${title}</h2>
                ${body(context)}
              </section> `,
          )}
        </main>
        <footer>
          ${formatCount(totals.lines, 'line')} in ${formatCount(totals.files, 'file')}.
          ${QUOTES_NOTE[document.quotes]}
        </footer>
      </body>
    </html> `
  return page.markup
}
