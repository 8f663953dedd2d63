import { formatTable, type Styles } from '@warren/runtime/cli'
import type { Finding, ReportDocument } from '../document/report-document.ts'
import {
  CHECK_TONE,
  MARK,
  SEVERITY_TONE,
  STATE_TONE,
  STATE_WORD,
  TimeFormat,
  VERDICT_TONE,
  VERDICT_WORD,
  actor,
  countText,
  durationText,
  percentText,
  spanText,
  windowText,
  type Tone,
} from './wording.ts'

/** The report on one screen of a terminal: verdict, links, findings, checklist. */
export function renderText(document: ReportDocument, paint: Styles): string {
  const time = new TimeFormat(document)
  const { verdict, sentence, caveats, links, findings, checklist, totals } = document
  const lines = [
    `${tone(paint, VERDICT_TONE[verdict], `${MARK[VERDICT_TONE[verdict]]} ${VERDICT_WORD[verdict]}`)}  ${sentence}`,
    paint.dim(
      `${windowText(document)} · ${countText(totals.lines)} lines of ${totals.sources} sources`,
    ),
    ...caveats.map(
      ({ severity, text }) =>
        `${tone(paint, SEVERITY_TONE[severity], MARK[SEVERITY_TONE[severity]])} ${text}`,
    ),
  ]
  if (links.length > 0) lines.push('', paint.bold('Links'), linkTable(document, paint, time))
  const shown = findings.filter(({ severity }) => severity !== 'info')
  const infos = findings.filter(({ severity }) => severity === 'info')
  if (shown.length > 0) lines.push('', paint.bold('Findings'))
  for (const finding of shown) lines.push(...findingLines(finding, paint, time))
  if (infos.length > 0) {
    lines.push('', paint.bold('Worth knowing'))
    lines.push(...infos.map(({ title }) => `${paint.blue(MARK.note)} ${title}`))
  }
  lines.push('', paint.bold('Checklist'))
  for (const { state, title, number } of checklist) {
    const mark = CHECK_TONE[state]
    lines.push(`${tone(paint, mark, MARK[mark])} ${title}  ${paint.dim(number)}`)
  }
  return `${lines.join('\n')}\n`
}

function linkTable({ links }: ReportDocument, paint: Styles, time: TimeFormat): string {
  const rows = links.map((link) => {
    const view = link.views.find(({ side }) => side === 'hub') ?? link.views[0]
    const mark = STATE_TONE[link.state]
    return [
      tone(paint, mark, MARK[mark]),
      link.name,
      tone(paint, mark, STATE_WORD[link.state]),
      view === undefined ? '–' : countText(view.exchanges),
      percentText(view?.successRate ?? null),
      view?.latency == null ? '–' : durationText(view.latency.p95Ms),
      time.at(view?.lastSuccess ?? null),
    ]
  })
  // The same alignment in a pipe: this is a page to read, not a list to cut.
  return formatTable(rows, {
    head: ['', 'link', 'state', 'exchanges', 'success', 'p95', 'last success'],
    tty: true,
  }).trimEnd()
}

function findingLines(finding: Finding, paint: Styles, time: TimeFormat): string[] {
  const mark = SEVERITY_TONE[finding.severity]
  const [first] = finding.evidence
  return [
    `${tone(paint, mark, `${MARK[mark]} ${finding.id}`)} ${paint.bold(finding.title)}  ${paint.dim(`${countText(finding.count)} ×, ${spanText(finding, time)}`)}`,
    `    ${finding.why}`,
    `    ${paint.cyan(actor(finding))}: ${finding.action}`,
    ...(first === undefined ? [] : [paint.dim(`    ${first.file}:${first.line}  ${first.text}`)]),
  ]
}

function tone(paint: Styles, name: Tone, text: string): string {
  switch (name) {
    case 'good':
      return paint.green(text)
    case 'warn':
      return paint.yellow(text)
    case 'bad':
      return paint.red(text)
    case 'note':
      return paint.blue(text)
    case 'none':
      return paint.gray(text)
    default:
      return name satisfies never
  }
}
