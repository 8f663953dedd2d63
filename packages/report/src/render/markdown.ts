import type {
  Evidence,
  Finding,
  Link,
  ReportDocument,
  Transaction,
} from '../document/report-document.ts'
import { formatNumber } from '../vocabulary/figures.ts'
import { actionRows, firstStep } from './actions.ts'
import { comparisonMarkdown } from './comparison-markdown.ts'
import { NO_TASK_NOTE, flowLine, hasEmptyPolls, purposesOf } from './flow-line.ts'
import { advice, code, fenced, oneLine, text } from './markdown-text.ts'
import { TimeFormat, formatSinceStart, formatTimeRange } from './time-format.ts'
import {
  CHECK_TONE,
  MARK,
  Names,
  QUOTES_NOTE,
  formatP95Note,
  ROLE_LABEL,
  SEEN_IN_LABEL,
  SEVERITY_TONE,
  STATE_TONE,
  STATE_LABEL,
  VERDICT_TONE,
  VERDICT_LABEL,
  formatParty,
  formatLatency,
  formatList,
  formatExchanges,
  formatRate,
  componentSummary,
  formatOccurrences,
  worstFirst,
} from './wording.ts'

// With these limits the report on 300 clients fits into one GitHub comment (65,536 characters).
const MAX_ROWS = 40
const MAX_EXPLAINED = 12
const MAX_FINDINGS = 20
const MAX_TITLES = 40
const MAX_QUOTED = 3

/** The report for a ticket, as GitHub-flavoured Markdown that is also readable as plain text. */
export function renderMarkdown(document: ReportDocument): string {
  const page = new MarkdownPage(document)
  return page.render()
}

class MarkdownPage {
  readonly #document: ReportDocument
  readonly #time: TimeFormat
  readonly #names: Names
  readonly #lines: string[] = []

  constructor(document: ReportDocument) {
    this.#document = document
    this.#time = new TimeFormat(document)
    this.#names = new Names(document)
  }

  render(): string {
    this.#summary()
    this.#findings()
    this.#components()
    this.#flow()
    this.#transactions()
    this.#checklist()
    this.#conclusion()
    this.#add(text(QUOTES_NOTE[this.#document.quotes]))
    return `${this.#lines.join('\n').trimEnd()}\n`
  }

  #summary(): void {
    const { verdict, sentence, numbers, caveats, sources } = this.#document
    this.#add(`# ${MARK[VERDICT_TONE[verdict]]} Network health: ${VERDICT_LABEL[verdict]}`, '')
    this.#add(`**${text(sentence)}**`, '')
    this.#actions()
    for (const caveat of caveats.slice(0, MAX_ROWS)) {
      this.#add(`> ${MARK[SEVERITY_TONE[caveat.severity]]} ${text(caveat.text)}`, '>')
    }
    if (caveats.length > 0) {
      this.#lines.pop()
      this.#add('')
    }
    this.#add(...comparisonMarkdown(this.#document))
    this.#add('## 1. Executive summary', '')
    this.#add(`- time range: ${formatTimeRange(this.#document)}`)
    this.#add(...numbers.map(({ label, value }) => `- ${text(label)}: **${text(value)}**`), '')
    const flow = flowLine(this.#document)
    if (flow !== '') this.#add(`Flow: ${text(flow)}`, '')
    this.#table(
      ['source', 'format', 'lines', 'from', 'to', 'time zone'],
      sources.map((source) => [
        source.file,
        `${source.format}${source.wrapper === 'none' ? '' : `, ${source.wrapper}`}`,
        formatNumber(source.lines) +
          (source.unreadable > 0 ? ` (${formatNumber(source.unreadable)} not recognised)` : ''),
        this.#time.at(source.first),
        this.#time.at(source.last),
        source.placement.text,
      ]),
    )
    for (const source of sources.slice(0, MAX_ROWS)) {
      if (source.samples.length === 0) continue
      this.#add(`Sample of the lines in ${text(source.file)} that were not recognised:`, '')
      this.#evidence(source.samples)
    }
  }

  #actions(): void {
    const { shown, more } = actionRows(this.#document)
    if (shown.length === 0) return
    const items = shown.map(({ party, action, findings }, index) => {
      const step = index === 0 ? firstStep(findings[0]) : undefined
      const first = step === undefined ? '' : ` First: ${advice(step)}`
      const ids = findings.map(({ id }) => id)
      return `- **${text(party)}**: ${advice(action)}${first} (${formatList(ids, 3)}: ${text(findings[0].title)})`
    })
    this.#add('Who must act:', '', ...items)
    if (more > 0) this.#add(`- and ${more} more: see Findings`)
    this.#add('')
  }

  #components(): void {
    const { components, clocks } = this.#document
    this.#add('## 3. System components', '')
    this.#add(
      components.length === 0
        ? 'No component was found in the logs.'
        : text(componentSummary(components)),
      '',
    )
    this.#bullets(purposesOf(components))
    this.#table(
      ['component', 'role', 'cluster', 'pod', 'program', 'evidence', 'activity'],
      components.map((component) => [
        component.name,
        ROLE_LABEL[component.role],
        component.cluster ?? '–',
        component.pod ?? '–',
        [component.program, component.version].filter((part) => part !== null).join(' ') || '–',
        SEEN_IN_LABEL[component.seenIn],
        component.activity,
      ]),
    )
    this.#bullets(clocks.map((clock) => clock.text))
  }

  #flow(): void {
    const links = worstFirst(this.#document.links)
    this.#add('## 4. Interaction flow', '')
    if (links.length === 0) this.#add('No link was found in the logs.', '')
    this.#table(
      [
        '',
        'link',
        'state',
        'according to',
        'exchanges',
        'success',
        'median',
        'p95',
        'slowest',
        'last success',
      ],
      links.flatMap((link) => this.#linkRows(link)),
    )
    if (links.length > 0) this.#add(formatP95Note(this.#document), '')
    if (hasEmptyPolls(this.#document)) this.#add(NO_TASK_NOTE, '')
    const explained = links.filter(({ state }) => STATE_TONE[state] !== 'good')
    this.#add(
      ...explained
        .slice(0, MAX_EXPLAINED)
        .map(
          (link) =>
            `- ${MARK[STATE_TONE[link.state]]} **${text(link.name)}**: ${text(link.explanation)}`,
        ),
      ...(explained.length > MAX_EXPLAINED
        ? [`- and ${explained.length - MAX_EXPLAINED} more`]
        : []),
      ...(explained.length > 0 ? [''] : []),
    )
  }

  #linkRows(link: Link): string[][] {
    const mark = MARK[STATE_TONE[link.state]]
    if (link.views.length === 0) {
      return [[mark, link.name, STATE_LABEL[link.state], ...Array.from({ length: 7 }, () => '–')]]
    }
    return link.views.map((view, index) => [
      index === 0 ? mark : '',
      index === 0 ? link.name : '',
      index === 0 ? STATE_LABEL[link.state] : '',
      `${ROLE_LABEL[view.side]} log`,
      formatExchanges(view),
      formatRate(view.successRate),
      formatLatency(view.latency, 'p50Ms'),
      formatLatency(view.latency, 'p95Ms'),
      formatLatency(view.latency, 'maxMs'),
      this.#time.at(view.lastSuccess),
    ])
  }

  #transactions(): void {
    this.#add('## 5. One transaction, step by step', '')
    if (this.#document.transactions.length === 0) {
      this.#add('No poll or task could be followed through the logs in this time range.', '')
    }
    for (const transaction of this.#document.transactions) this.#transaction(transaction)
  }

  #transaction(transaction: Transaction): void {
    this.#add(
      `### ${text(transaction.title)}`,
      '',
      `${text(transaction.text)} Confidence: ${transaction.confidence}.`,
      '',
    )
    transaction.steps.forEach((step, index) => {
      const since = step.sinceStartMs === null ? '' : `, ${formatSinceStart(step.sinceStartMs)}`
      this.#add(`${index + 1}. **${text(step.title)}** (${ROLE_LABEL[step.leg]}${since})`)
      if (step.evidence === null) {
        this.#add(`   *no log line*: ${text(step.missing ?? 'no source contains it')}`)
      } else {
        this.#add(`   ${place(step.evidence)}: ${code(step.evidence.text)}`)
      }
    })
    this.#add('')
  }

  #findings(): void {
    const { findings } = this.#document
    this.#add('## 2. Findings', '')
    if (findings.length === 0) this.#add('None.', '')
    for (const finding of findings.slice(0, MAX_FINDINGS)) this.#finding(finding)
    const rest = findings.slice(MAX_FINDINGS)
    const listed = rest.slice(0, MAX_TITLES)
    this.#add(
      ...listed.map(
        (finding) =>
          `- ${MARK[SEVERITY_TONE[finding.severity]]} ${finding.id} · ${text(finding.title)} (${text(formatParty(finding))})`,
      ),
    )
    if (rest.length > listed.length) this.#add(`- and ${rest.length - listed.length} more`)
    if (rest.length > 0) this.#add('')
  }

  #finding(finding: Finding): void {
    const { severity, status, title, link, affects, next } = finding
    this.#add(`### ${MARK[SEVERITY_TONE[severity]]} ${finding.id} · ${text(title)}`, '')
    this.#add(text(finding.why), '')
    this.#add(`- who must act: **${text(formatParty(finding))}**`)
    this.#add(`- what to do: ${advice(finding.action)}`)
    if (next.length > 0) this.#add(`- steps to try: ${next.map((step) => advice(step)).join(' ')}`)
    const occurrences = formatOccurrences(finding, this.#time)
    if (occurrences !== null) this.#add(`- occurrences: ${occurrences}`)
    if (link !== null) this.#add(`- link: ${text(this.#names.link(link))}`)
    if (affects.length > 0)
      this.#add(`- also affects: ${text(formatList(affects.map((id) => this.#names.link(id))))}`)
    this.#add(
      `- ${severity}, ${status}; cause: \`${finding.cause}\`; confidence: ${finding.confidence}`,
      '',
    )
    this.#evidence(finding.evidence.slice(0, MAX_QUOTED))
  }

  #checklist(): void {
    this.#add('## 6. Validation of system health', '')
    this.#table(
      ['', 'check', 'result', 'number', 'detail'],
      this.#document.checklist.map((check) => [
        MARK[CHECK_TONE[check.state]],
        check.title,
        check.state,
        check.number,
        check.state === 'passed' ? '' : check.detail,
      ]),
    )
  }

  #conclusion(): void {
    const { text: summary, supported, notSupported } = this.#document.conclusion
    this.#add('## 7. Conclusion', '', text(summary), '')
    if (supported.length > 0) this.#add('Supported by evidence:', '')
    this.#bullets(supported)
    if (notSupported.length > 0) this.#add('Missing evidence:', '')
    this.#bullets(notSupported)
  }

  #bullets(items: readonly string[]): void {
    if (items.length === 0) return
    this.#add(...items.slice(0, MAX_ROWS).map((item) => `- ${text(item)}`))
    if (items.length > MAX_ROWS) this.#add(`- and ${items.length - MAX_ROWS} more`)
    this.#add('')
  }

  #evidence(lines: readonly Evidence[]): void {
    if (lines.length === 0) return
    this.#add(...fenced(lines.map((line) => `${place(line)}  ${oneLine(line.text)}`)), '')
  }

  #table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    if (rows.length === 0) return
    this.#add(`| ${head.map((cell) => text(cell)).join(' | ')} |`)
    this.#add(`|${head.map(() => ' --- |').join('')}`)
    for (const row of rows.slice(0, MAX_ROWS))
      this.#add(`| ${row.map((cell) => text(cell)).join(' | ')} |`)
    this.#add('')
    if (rows.length > MAX_ROWS) this.#add(`and ${rows.length - MAX_ROWS} more`, '')
  }

  #add(...lines: readonly string[]): void {
    this.#lines.push(...lines)
  }
}

function place({ file, line }: Evidence): string {
  return `${oneLine(file)}:${line}`
}
