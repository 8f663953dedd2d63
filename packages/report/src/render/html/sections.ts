import type {
  Component,
  Finding,
  Link,
  LinkView,
  ReportDocument,
  Transaction,
} from '../../document/report-document.ts'
import {
  CHECK_TONE,
  MARK,
  ROLE_WORD,
  SEVERITY_TONE,
  STATE_TONE,
  STATE_WORD,
  actor,
  countText,
  durationText,
  percentText,
  sinceText,
  spanText,
  windowText,
  type Names,
  type TimeFormat,
  type Tone,
} from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { latencyChart, statusMix, timeLine } from './link-charts.ts'
import { quotation, quotedLine } from './quotation.ts'
import { topology } from './topology.ts'

/** What every section needs to know besides the document. */
export interface PageContext {
  readonly document: ReportDocument
  readonly time: TimeFormat
  readonly names: Names
}

export function summarySection({ document, time }: PageContext): SafeHtml {
  const { numbers, caveats, sources } = document
  return html`<p>${windowText(document)}</p>
    ${
      caveats.length > 0
        ? html`<ul class="caveats">
            ${caveats.map(({ severity, text }) => html`<li class="${SEVERITY_TONE[severity]}">${pill(SEVERITY_TONE[severity], severity)} ${text}</li>`)}
          </ul>`
        : null
    }
    <dl class="facts">
      ${numbers.map(
        ({ label, value }) =>
          html`<div>
            <dt>${label}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    <details>
      <summary>Sources read: ${sources.length}</summary>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">file</th>
              <th scope="col">taken for</th>
              <th scope="col" class="num">lines</th>
              <th scope="col">from</th>
              <th scope="col">to</th>
              <th scope="col">how it was placed in time</th>
            </tr>
          </thead>
          <tbody>
            ${sources.map(
              (source) =>
                html`<tr>
                  <td class="path">${source.file}</td>
                  <td>${source.format}<br /><span class="soft small">${source.wrapper}</span></td>
                  <td class="num">
                    ${countText(source.lines)}${source.unreadable > 0 ? html`<br /><span class="soft small">${countText(source.unreadable)} unreadable</span>` : null}
                  </td>
                  <td>${time.at(source.first)}</td>
                  <td>${time.at(source.last)}</td>
                  <td class="wide">
                    ${source.placement.text}${source.notes.map((note) => html`<br /><span class="soft small">${note}</span>`)}
                  </td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${sources.map((source) => quotation(source.samples, { title: `${source.file}: a sample of what could not be read` }))}
    </details>`
}

export function componentSection({ document }: PageContext): SafeHtml {
  const { components, clocks } = document
  if (components.length === 0) return html`<p>No component was recognised.</p>`
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">component</th>
            <th scope="col">role</th>
            <th scope="col">where</th>
            <th scope="col">program</th>
            <th scope="col">seen</th>
            <th scope="col">what it did</th>
          </tr>
        </thead>
        <tbody>
          ${components.map((component) => componentRow(component))}
        </tbody>
      </table>
    </div>
    ${
      clocks.length > 0
        ? html`<ul>
            ${clocks.map(({ text }) => html`<li>Clock: ${text}</li>`)}
          </ul>`
        : null
    }`
}

const SEEN_WORD: Readonly<Record<Component['seenIn'], string>> = {
  'own-log': 'own log',
  'other-logs': "others' logs",
  expectation: 'only listed',
}

function componentRow(component: Component): SafeHtml {
  const where = [component.cluster, component.namespace, component.pod].filter(
    (part) => part !== null,
  )
  const program = [component.program, component.version].filter((part) => part !== null)
  return html`<tr>
    <th scope="row">${component.name}</th>
    <td>${ROLE_WORD[component.role]}</td>
    <td>${where.join(' / ') || '–'}</td>
    <td>${program.join(' ') || '–'}</td>
    <td>${SEEN_WORD[component.seenIn]}</td>
    <td class="wide">${component.doing}</td>
  </tr>`
}

export function flowSection(context: PageContext): SafeHtml {
  const { document } = context
  if (document.links.length === 0) return html`<p>No link was seen.</p>`
  return html`${topology(document)}
    <div class="scroll">
      <table>
        <caption>
          Every link, as each side tells it
        </caption>
        <thead>
          <tr>
            <th scope="col">link</th>
            <th scope="col">state</th>
            <th scope="col">side</th>
            <th scope="col">exchanges</th>
            <th scope="col" class="num">success</th>
            <th scope="col" class="num">median</th>
            <th scope="col" class="num">95 %</th>
            <th scope="col">last success</th>
          </tr>
        </thead>
        <tbody>
          ${document.links.map((link) => linkRows(link, context))}
        </tbody>
      </table>
    </div>
    ${document.links.map((link) => linkCard(link, context))}`
}

function linkRows(link: Link, { time }: PageContext): SafeHtml {
  const state = pill(STATE_TONE[link.state], STATE_WORD[link.state])
  const name = html`<a href="#${link.id}">${link.name}</a>`
  if (link.views.length === 0) {
    return html`<tr>
      <th scope="row">${name}</th>
      <td>${state}</td>
      <td colspan="6" class="soft">no exchanges in the logs</td>
    </tr>`
  }
  return html`${link.views.map(
    (view, index) =>
      html`<tr>
        ${
          index === 0
            ? html`<th scope="row" rowspan="${link.views.length}">${name}</th>
                <td rowspan="${link.views.length}">${state}</td>`
            : null
        }
        <td>${view.side}</td>
        <td>${exchanges(view)}</td>
        <td class="num">${percentText(view.successRate)}</td>
        <td class="num">${view.latency === null ? '–' : durationText(view.latency.p50Ms)}</td>
        <td class="num">${view.latency === null ? '–' : durationText(view.latency.p95Ms)}</td>
        <td>${time.at(view.lastSuccess)}</td>
      </tr>`,
  )}`
}

function exchanges(view: LinkView): string {
  const statuses = view.statuses.map(({ status, count }) => `${countText(count)} × ${status}`)
  return `${countText(view.exchanges)}${statuses.length > 0 ? `: ${statuses.join(', ')}` : ''}`
}

function linkCard(link: Link, { time, document }: PageContext): SafeHtml {
  const { series } = link
  const tone = STATE_TONE[link.state]
  const findings = document.findings.filter(({ id }) => link.findings.includes(id))
  return html`<section class="card" id="${link.id}" aria-label="${link.name}">
    <header>
      <h3>${link.name}</h3>
      ${pill(tone, STATE_WORD[link.state])}
    </header>
    <p>${link.explanation}</p>
    ${findings.length > 0 ? html`<p class="small">Findings: ${findings.map(({ id, title }) => html` <a href="#${id}">${id} ${title}</a>`)}</p>` : null}
    ${series === null ? null : html`${timeLine(link, series, time)}${latencyChart(link, series, time)}${statusMix(link, series, time)}`}
    ${
      link.gaps.length > 0
        ? html`<details>
            <summary>Gaps against its own rhythm: ${link.gapCount}</summary>
            <ul>
              ${link.gaps.map((gap) => html`<li>${time.at(gap.from)} to ${time.at(gap.to)}, ${durationText(gap.durationMs)}, seen on the ${gap.side} side</li>`)}
            </ul>
          </details>`
        : null
    }
    ${quotation(link.evidence, { title: `Lines that show it: ${link.evidence.length}` })}
  </section>`
}

export function transactionSection({ document }: PageContext): SafeHtml {
  if (document.transactions.length === 0) {
    return html`<p>No poll and no task could be followed in this window.</p>`
  }
  return html`${document.transactions.map((transaction) => transactionCard(transaction))}`
}

const MATCHED_BY: Readonly<Record<Transaction['matchedBy'], string>> = {
  'request-id': 'matched by the request id that stands in both logs',
  'task-id': 'matched by the task id',
  time: 'matched by time',
  'one-source': 'from one source',
}

function transactionCard(transaction: Transaction): SafeHtml {
  const { title, text, matchedBy, certainty, complete, steps } = transaction
  return html`<section class="card">
    <header>
      <h3>${title}</h3>
      ${pill(complete ? 'good' : 'none', complete ? 'every leg shown' : 'not every leg shown')}
    </header>
    <p>${text}</p>
    <p class="soft small">${MATCHED_BY[matchedBy]}, ${certainty}</p>
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

export function findingSection(context: PageContext): SafeHtml {
  const { findings } = context.document
  if (findings.length === 0) return html`<p>None.</p>`
  return html`${findings.map((finding) => findingCard(finding, context))}`
}

function findingCard(finding: Finding, { time, names }: PageContext): SafeHtml {
  const tone = SEVERITY_TONE[finding.severity]
  const { episodes } = finding
  return html`<section
    class="card finding ${tone}"
    id="${finding.id}"
    aria-label="${`${finding.id} ${finding.title}`}"
  >
    <header>
      <h3>${finding.id} · ${finding.title}</h3>
      <span
        >${pill(tone, finding.severity)}
        ${pill(finding.status === 'ongoing' ? tone : 'none', finding.status)}</span
      >
    </header>
    <p>${finding.why}</p>
    <dl>
      <dt>who must act</dt>
      <dd class="act">${actor(finding)}</dd>
      <dt>what to do</dt>
      <dd>${finding.action}</dd>
      <dt>seen</dt>
      <dd>${countText(finding.count)} ×, ${spanText(finding, time)}</dd>
      ${
        finding.recoveredAt === null
          ? null
          : html`<dt>recovered</dt>
              <dd>${time.at(finding.recoveredAt)}</dd>`
      }
      ${
        finding.link === null
          ? null
          : html`<dt>link</dt>
              <dd><a href="#${finding.link}">${names.link(finding.link)}</a></dd>`
      }
      ${
        finding.affects.length > 0
          ? html`<dt>also affects</dt>
              <dd>${finding.affects.map((id) => names.link(id)).join(', ')}</dd>`
          : null
      }
      <dt>cause</dt>
      <dd>${finding.cause}, ${finding.confidence}</dd>
    </dl>
    ${finding.next.length > 0 ? html`<details${finding.severity === 'error' ? html` open` : null}><summary>What to try next</summary><ol>${finding.next.map((step) => html`<li>${step}</li>`)}</ol></details>` : null}
    ${
      episodes.length > 1
        ? html`<details>
            <summary>Separate times: ${episodes.length}</summary>
            <ul>
              ${episodes.map(({ from, to, count }) => html`<li>${time.at(from)} to ${time.at(to)}: ${countText(count)} ×</li>`)}
            </ul>
          </details>`
        : null
    }
    ${quotation(finding.evidence, { title: `Evidence: ${finding.evidence.length} ${finding.evidence.length === 1 ? 'line' : 'lines'}` })}
  </section>`
}

export function checklistSection({ document }: PageContext): SafeHtml {
  return html`<ul class="checks">
    ${document.checklist.map(
      (check) =>
        html`<li>
          ${pill(CHECK_TONE[check.state], check.state)}
          <div>
            <strong>${check.title}</strong> <span class="soft">${check.number}</span
            ><br />${check.detail}${check.findings.map((id) => html` <a href="#${id}">${id}</a>`)}${quotation(check.evidence, { title: 'Evidence' })}
          </div>
        </li>`,
    )}
  </ul>`
}

export function conclusionSection({ document }: PageContext): SafeHtml {
  const { text, supported, notSupported } = document.conclusion
  return html`<p>${text}</p>
    ${
      supported.length > 0
        ? html`<h3>The evidence supports</h3>
            <ul>
              ${supported.map((item) => html`<li>${item}</li>`)}
            </ul>`
        : null
    }
    ${
      notSupported.length > 0
        ? html`<h3>It does not support</h3>
            <ul>
              ${notSupported.map((item) => html`<li>${item}</li>`)}
            </ul>`
        : null
    }`
}

function pill(tone: Tone, text: string): SafeHtml {
  return html`<span class="pill ${tone}"
    ><span aria-hidden="true">${MARK[tone]}</span> ${text}</span
  >`
}
