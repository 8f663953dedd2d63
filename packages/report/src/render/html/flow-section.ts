import type { Link, LinkView } from '../../document/report-document.ts'
import { durationText } from '../time-format.ts'
import {
  STATE_TONE,
  STATE_WORD,
  countText,
  exchangesText,
  percentText,
  tellingView,
  worstFirst,
} from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { latencyCharts } from './latency-charts.ts'
import { list, pill, scrolling, type PageContext } from './page-context.ts'
import { timeAxis } from './plot.ts'
import { quotation } from './quotation.ts'
import { statusMix } from './status-mix.ts'
import { stripLegend, timeStrip } from './time-strip.ts'
import { topology } from './topology.ts'

// Links with charts, and links at all: a page for three hundred hospitals has to stay one that opens.
const MOST_WITH_CHARTS = 40
const MOST_LISTED = 150
// Trouble is unfolded from the start, as far as anybody would read on.
const MOST_OPEN = 6

export function flowSection(context: PageContext): SafeHtml {
  const { document, time } = context
  if (document.links.length === 0) return html`<p>No link was seen.</p>`
  const links = worstFirst(document.links)
  const listed = links.slice(0, MOST_LISTED)
  const axis = links.find(({ series }) => series !== null)?.series ?? null
  return html`${topology(document)}
    <h3>Every link over time</h3>
    <p class="soft small">
      The worst first. A link unfolds to its numbers as each side tells them, its charts, and lines
      that prove it.
    </p>
    ${stripLegend()}
    <div class="links">
      ${axis === null ? null : html`<div class="links-axis">${timeAxis(axis, time, 3)}</div>`}
      ${listed.map((link, index) => linkRow(link, index, context))}
    </div>
    ${links.length > listed.length ? html`<p>${links.length - listed.length} more links, none worse off than these, are not listed.</p>` : null}`
}

function linkRow(link: Link, index: number, context: PageContext): SafeHtml {
  const tone = STATE_TONE[link.state]
  const open = index < MOST_OPEN && (tone === 'bad' || tone === 'warn')
  return html`<details class="link" ${open ? html` open` : null}>
    <summary>
      <strong>${link.name}</strong>
      ${pill(tone, STATE_WORD[link.state])}
      ${link.series === null ? html`<span class="strip soft small">nothing in the logs</span>` : timeStrip(link, link.series, context.time)}
      <span class="numbers">${numbers(link)}</span>
    </summary>
    <div id="${link.id}" class="target">
      ${linkDetails(link, context, index < MOST_WITH_CHARTS)}
    </div>
  </details>`
}

function numbers(link: Link): SafeHtml | null {
  const view = tellingView(link)
  if (view === undefined) return null
  const { exchanges, succeeded, successRate, latency } = view
  const answered =
    succeeded === exchanges
      ? `${countText(exchanges)}, all well`
      : `${countText(succeeded)} of ${countText(exchanges)} (${percentText(successRate)})`
  return html`${answered}${latency === null ? null : html`<br /><span class="soft small">95 % within ${durationText(latency.p95Ms)}</span>`}`
}

function linkDetails(link: Link, context: PageContext, charts: boolean): SafeHtml {
  const { time, document } = context
  const { series } = link
  const findings = document.findings.filter(({ id }) => link.findings.includes(id))
  return html`<p>${link.explanation}</p>
    ${list(findings.map(({ id, title }) => html`<a href="#${id}">${id} ${title}</a>`))}
    ${series === null || !charts ? null : html`${latencyCharts(link, series, time)}${statusMix(link, series, time)}`}
    ${link.views.length === 0 ? null : scrolling(`${link.name} in numbers`, viewTable(link.views, context))}
    ${
      link.gaps.length > 0
        ? html`<details>
            <summary>Pauses longer than its rhythm explains: ${link.gapCount}</summary>
            ${list(link.gaps.map((gap) => `${time.at(gap.from)} to ${time.at(gap.to)}, ${durationText(gap.durationMs)}, seen on the ${gap.side} side`))}
          </details>`
        : null
    }
    ${quotation(link.evidence, { title: `Evidence that it worked: ${link.evidence.length} ${link.evidence.length === 1 ? 'line' : 'lines'}` })}`
}

function viewTable(views: readonly LinkView[], { time }: PageContext): SafeHtml {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">told by</th>
        <th scope="col">exchanges</th>
        <th scope="col" class="num">success</th>
        <th scope="col" class="num">median</th>
        <th scope="col" class="num">95 % within</th>
        <th scope="col" class="num">slowest</th>
        <th scope="col">last success</th>
      </tr>
    </thead>
    <tbody>
      ${views.map(
        (view) =>
          html`<tr>
            <th scope="row">${view.side}</th>
            <td>${exchangesText(view)}</td>
            <td class="num">${percentText(view.successRate)}</td>
            ${(['p50Ms', 'p95Ms', 'maxMs'] as const).map((key) => html`<td class="num">${view.latency === null ? '–' : durationText(view.latency[key])}</td>`)}
            <td>${time.at(view.lastSuccess)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}
