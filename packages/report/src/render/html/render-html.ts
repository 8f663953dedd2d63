import type { ReportDocument } from '../../document/report-document.ts'
import { TimeFormat } from '../time-format.ts'
import { MARK, Names, VERDICT_TONE, VERDICT_WORD, countText } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { PAGE_STYLE } from './page-style.ts'
import { checklistSection, conclusionSection } from './closing-sections.ts'
import { componentSection } from './component-section.ts'
import { findingSection } from './finding-section.ts'
import { flowSection } from './flow-section.ts'
import type { PageContext } from './page-context.ts'
import { summarySection } from './summary-section.ts'
import { transactionSection } from './transaction-section.ts'

interface Section {
  readonly id: string
  readonly title: string
  readonly body: (context: PageContext) => SafeHtml
}

const SECTIONS: readonly Section[] = [
  { id: 'summary', title: 'Executive summary', body: summarySection },
  { id: 'components', title: 'System components', body: componentSection },
  { id: 'flow', title: 'Interaction flow', body: flowSection },
  { id: 'transaction', title: 'One transaction, step by step', body: transactionSection },
  { id: 'findings', title: 'Findings', body: findingSection },
  { id: 'validation', title: 'Validation of system health', body: checklistSection },
  { id: 'conclusion', title: 'Conclusion', body: conclusionSection },
]

/**
 * The report as one self-contained page: no script, no request to anywhere, light and dark, printable, and usable by
 * keyboard and screen reader.
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
        <title>Network health: ${VERDICT_WORD[verdict]}</title>
        ${PAGE_STYLE}
      </head>
      <body>
        <a class="skip" href="#summary">Skip to the report</a>
        <header class="top">
          <h1>Network health report</h1>
          <div class="verdict ${tone}">
            <strong><span aria-hidden="true">${MARK[tone]}</span> ${VERDICT_WORD[verdict]}</strong>
            <p>${sentence}</p>
          </div>
          <nav aria-label="Sections">
            <ol>
              ${SECTIONS.map(({ id, title }, index) => html`<li><a href="#${id}">${index + 1}. ${title}</a></li>`)}
            </ol>
          </nav>
        </header>
        <main>
          ${SECTIONS.map(
            ({ id, title, body }, index) =>
              html`<section aria-labelledby="${id}">
                <h2 id="${id}" tabindex="-1">${index + 1}. ${title}</h2>
                ${body(context)}
              </section> `,
          )}
        </main>
        <footer>
          ${countText(totals.lines)} lines of ${totals.files} files read. Credentials, tokens and
          collection ids are masked. The same logs give the same page.
        </footer>
      </body>
    </html> `
  return page.markup
}
