import type { Link, LinkView } from '../../document/report-document.ts'
import { formatCount, formatDuration, formatNumber } from '../../vocabulary/figures.ts'
import {
  formatP95Note,
  ROLE_LABEL,
  STATE_TONE,
  STATE_LABEL,
  formatExchanges,
  formatLatency,
  formatRate,
  mostAffectedView,
  worstFirst,
} from '../wording.ts'
import { NO_TASK_NOTE, flowLine, hasEmptyPolls } from '../flow-line.ts'
import { html, type SafeHtml } from './html-template.ts'
import { renderLatencyCharts } from './latency-charts.ts'
import { list, pill, scrolling, type PageContext } from './page-context.ts'
import { renderTimeAxis } from './plot.ts'
import { renderQuotation } from './quotation.ts'
import { renderStatusMix } from './status-mix.ts'
import { renderStripLegend, renderTimeStrip } from './time-strip.ts'

// These two limits keep the page of a network with 300 sites small enough to open.
const MAX_WITH_CHARTS = 40
const MAX_LISTED = 150
// Links with a problem are expanded, up to this number.
const MAX_OPEN = 6

export function renderFlow(context: PageContext): SafeHtml {
  const { document, time } = context
  if (document.links.length === 0) return html`<p>No link was found in the logs.</p>`
  const links = worstFirst(document.links)
  const flow = flowLine(document)
  const listed = links.slice(0, MAX_LISTED)
  const axis = links.find(({ series }) => series !== null)?.series ?? null
  return html`${flow === '' ? null : html`<p class="flow">${flow}</p>`}
    ${hasEmptyPolls(document) ? html`<p class="soft small">${NO_TASK_NOTE}</p>` : null}
    <h3>Every link over time</h3>
    <p class="soft small">
      Most severe first. Expand a link to see the figures from each log, charts and evidence.
      ${formatP95Note(document)}
    </p>
    ${renderStripLegend()}
    <div class="links">
      ${axis === null ? null : html`<div class="links-axis">${renderTimeAxis(axis, time, 3)}</div>`}
      ${listed.map((link, index) => linkRow(link, index, context))}
    </div>
    ${links.length > listed.length ? html`<p>Not listed: ${formatCount(links.length - listed.length, 'link')}, none in a worse state.</p>` : null}`
}

function linkRow(link: Link, index: number, context: PageContext): SafeHtml {
  const tone = STATE_TONE[link.state]
  const open = index < MAX_OPEN && (tone === 'bad' || tone === 'warn')
  return html`<details class="link" ${open ? html` open` : null}>
    <summary>
      <strong>${link.name}</strong>
      ${pill(tone, STATE_LABEL[link.state])}
      ${link.series === null ? html`<span class="strip soft small">no log lines</span>` : renderTimeStrip(link, link.series, context.time)}
      <span class="numbers">${numbers(link)}</span>
    </summary>
    <div id="${link.id}" class="target">${linkDetails(link, context, index < MAX_WITH_CHARTS)}</div>
  </details>`
}

function numbers(link: Link): SafeHtml | null {
  const view = mostAffectedView(link)
  if (view === undefined) return null
  const { exchanges, succeeded, successRate, latency } = view
  const answered =
    succeeded === exchanges
      ? `${formatNumber(exchanges)}, all successful`
      : `${formatNumber(succeeded)} of ${formatNumber(exchanges)} (${formatRate(successRate)})`
  return html`${answered}${latency === null ? null : html`<br /><span class="soft small">p95 ${formatLatency(latency, 'p95Ms')}</span>`}`
}

function linkDetails(link: Link, context: PageContext, charts: boolean): SafeHtml {
  const { time, document } = context
  const { series } = link
  const findings = document.findings.filter(({ id }) => link.findings.includes(id))
  return html`<p>${link.explanation}</p>
    ${list(findings.map(({ id, title }) => html`<a href="#${id}">${id} ${title}</a>`))}
    ${series === null || !charts ? null : html`${renderLatencyCharts(link, series, time)}${renderStatusMix(link, series, time)}`}
    ${link.views.length === 0 ? null : scrolling(`${link.name} in numbers`, viewTable(link.views, context))}
    ${
      link.gaps.length > 0
        ? html`<details>
            <summary>Gaps longer than the polling interval explains: ${link.gapCount}</summary>
            ${list(link.gaps.map((gap) => `${time.span(gap.from, gap.to)} (${formatDuration(gap.durationMs)}), according to the ${ROLE_LABEL[gap.side]} log`))}
          </details>`
        : null
    }
    ${renderQuotation(link.evidence, { title: `Evidence of success: ${link.evidence.length} ${link.evidence.length === 1 ? 'line' : 'lines'}` })}`
}

function viewTable(views: readonly LinkView[], { time }: PageContext): SafeHtml {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">according to</th>
        <th scope="col">exchanges</th>
        <th scope="col" class="num">success</th>
        <th scope="col" class="num">median</th>
        <th scope="col" class="num">p95</th>
        <th scope="col" class="num">slowest</th>
        <th scope="col">last success</th>
      </tr>
    </thead>
    <tbody>
      ${views.map(
        (view) =>
          html`<tr>
            <th scope="row">${ROLE_LABEL[view.side]} log</th>
            <td>${formatExchanges(view)}</td>
            <td class="num">${formatRate(view.successRate)}</td>
            ${(['p50Ms', 'p95Ms', 'maxMs'] as const).map((key) => html`<td class="num">${formatLatency(view.latency, key)}</td>`)}
            <td>${time.at(view.lastSuccess)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}
