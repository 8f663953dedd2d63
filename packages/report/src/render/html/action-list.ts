import { actionRows, firstStep } from '../actions.ts'
import { SEVERITY_TONE } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { advice, type PageContext } from './page-context.ts'

// More rows would push the map below the fold.
const MAX_ROWS = 3

/** Who must act, with the first command for the most severe finding. */
export function renderActions({ document }: PageContext): SafeHtml | null {
  const { shown, more } = actionRows(document, MAX_ROWS)
  if (shown.length === 0)
    return document.verdict === 'healthy' ? html`<p class="soft">No action is needed.</p>` : null
  return html`<ul class="actions" aria-label="Who must act">
    ${shown.map(({ party, action, findings: [first, ...others] }, index) => {
      const step = index === 0 ? firstStep(first) : undefined
      const rest = others.length === 0 ? '' : ` and ${others.length} more`
      return html`<li class="${SEVERITY_TONE[first.severity]}">
        <strong>${party}</strong>: ${advice(action)}
        ${step === undefined ? null : html`First: ${advice(step)}`}
        <a href="#${first.id}">${first.id} ${first.title}</a>${rest}
      </li>`
    })}
    ${more > 0 ? html`<li class="none">and ${more} more: see <a href="#findings">Findings</a></li>` : null}
  </ul>`
}
