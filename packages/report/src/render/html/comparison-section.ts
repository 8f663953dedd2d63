import type { Comparison } from '../../document/comparison-schema.ts'
import {
  ANSWER_TONE,
  CHANGE_HEADS,
  formatAnswer,
  formatChange,
  formatCovered,
  formatRanges,
  OUTCOME_LABEL,
  OUTCOME_TONE,
} from '../comparison-wording.ts'
import { MARK, SEVERITY_TONE } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { list, pill, scrolling, type PageContext } from './page-context.ts'

const MAX_LINKS = 60

/** The answer, for the top of the page. Null without a comparison. */
export function renderAnswer({ document: { comparison } }: PageContext): SafeHtml | null {
  if (comparison === undefined) return null
  const tone = ANSWER_TONE[comparison.answer]
  return html`<div class="verdict ${tone}">
      <strong><span aria-hidden="true">${MARK[tone]}</span> ${formatAnswer(comparison)}</strong>
      <p>${comparison.sentence} <a href="#comparison">Before and after</a></p>
    </div>
    <p>Health of the network in the later logs:</p>`
}

/** Before and after: what became of each failure, what is new, and the figures side by side. Null without a comparison. */
export function renderComparison(context: PageContext): SafeHtml | null {
  const { document } = context
  const { comparison } = document
  if (comparison === undefined) return null
  const { caveats } = comparison
  return html`<section aria-labelledby="comparison">
    <h2 id="comparison" tabindex="-1">Before and after</h2>
    ${list(formatRanges(document, comparison).map(([label, text]) => `${label}: ${text}`))}
    ${
      caveats.length > 0
        ? html`<ul class="caveats">
            ${caveats.map((text) => html`<li class="warn">${text}</li>`)}
          </ul>`
        : null
    }
    ${failures(comparison)} ${newFailures(comparison)} ${links(comparison)}
  </section>`
}

function failures(comparison: Comparison): SafeHtml | null {
  if (comparison.failures.length === 0) return null
  return html`<h3>Earlier failures</h3>
    <ul class="checks">
      ${comparison.failures.map(
        ({ outcome, title, text, missing, finding }) =>
          html`<li>
            ${pill(OUTCOME_TONE[outcome], OUTCOME_LABEL[outcome])}
            <div>
              <strong
                >${finding === null ? title : html`<a href="#${finding}">${title}</a>`}</strong
              >
              <br />${text}
              ${
                missing === null
                  ? null
                  : html`<br />Collect the ${missing.log}:
                      <pre>${missing.command}</pre>`
              }
            </div>
          </li>`,
      )}
    </ul>`
}

function newFailures(comparison: Comparison): SafeHtml | null {
  if (comparison.new.length === 0) return null
  return html`<h3>New failures</h3>
    <ul class="actions">
      ${comparison.new.map(
        ({ finding, title, severity, covered }) =>
          html`<li class="${SEVERITY_TONE[severity]}">
            <a href="#${finding}">${finding} ${title}</a>${formatCovered(covered)}
          </li>`,
      )}
    </ul>`
}

function links(comparison: Comparison): SafeHtml | null {
  const shown = comparison.links.slice(0, MAX_LINKS)
  const more = comparison.links.length - shown.length
  if (shown.length === 0) return null
  const table = html`<table>
    <thead>
      <tr>
        <th scope="col">link</th>
        <th scope="col">log</th>
        ${CHANGE_HEADS.map((head) => html`<th scope="col">${head}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${shown.map(
        (link) =>
          html`<tr>
            <th scope="row">
              ${link.name}${link.changed.length > 0 ? html` ${pill('note', 'changed')}` : null}
            </th>
            <td>${link.side.replace('-', ' ')}</td>
            ${formatChange(link).map((cell) => html`<td>${unbroken(cell)}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`
  return html`<h3>Figures, before → after</h3>
    ${scrolling('Figures before and after', table)}
    ${more > 0 ? html`<p>and ${more} more</p>` : null}`
}

/** Keeps a number and its unit on one line. */
function unbroken(figures: string): string {
  return figures.replaceAll(/(?<=\d) (?=\p{L})/gu, '\u00a0')
}
