import type {
  Evidence,
  Finding,
  Link,
  ReportDocument,
  Transaction,
} from '../document/report-document.ts'
import { advice, code, fenced, oneLine, text } from './markdown-text.ts'
import { TimeFormat, durationText, sinceText, formatTimeRange } from './time-format.ts'
import {
  CHECK_TONE,
  MARK,
  Names,
  ROLE_WORD,
  SEEN_WORD,
  SEVERITY_TONE,
  STATE_TONE,
  STATE_WORD,
  VERDICT_TONE,
  VERDICT_WORD,
  actor,
  countText,
  enumerated,
  exchangesText,
  percentText,
  rollCall,
  seenText,
  urgent,
  worstFirst,
} from './wording.ts'

// A comment on GitHub holds 65,536 characters; with these bounds the report of three hundred clients fits into one.
const MOST_ROWS = 40
const MOST_EXPLAINED = 12
const MOST_FINDINGS = 20
const MOST_TITLES = 40
const MOST_QUOTED = 3

/** The report for a ticket: GitHub-flavoured Markdown that also reads well as plain text. */
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
    this.#components()
    this.#flow()
    this.#transactions()
    this.#findings()
    this.#checklist()
    this.#conclusion()
    return `${this.#lines.join('\n').trimEnd()}\n`
  }

  #summary(): void {
    const { verdict, sentence, numbers, caveats, sources, findings } = this.#document
    this.#add(`# ${MARK[VERDICT_TONE[verdict]]} Network health: ${VERDICT_WORD[verdict]}`, '')
    this.#add(`**${text(sentence)}**`, '')
    for (const caveat of caveats.slice(0, MOST_ROWS)) {
      this.#add(`> ${MARK[SEVERITY_TONE[caveat.severity]]} ${text(caveat.text)}`, '>')
    }
    if (caveats.length > 0) {
      this.#lines.pop()
      this.#add('')
    }
    this.#add('## 1. Executive summary', '')
    this.#add(`- window: ${formatTimeRange(this.#document)}`)
    this.#add(...numbers.map(({ label, value }) => `- ${text(label)}: **${text(value)}**`), '')
    const { shown, more } = urgent(findings)
    if (shown.length > 0) {
      this.#add('Who has to act:', '')
      this.#add(
        ...shown.map(
          (finding) =>
            `- **${text(actor(finding))}**: ${advice(finding.action)} (${finding.id}: ${text(finding.title)})`,
        ),
      )
      if (more > 0) this.#add(`- and ${more} more, see the findings`)
      this.#add('')
    }
    this.#table(
      ['source', 'taken for', 'lines', 'from', 'to', 'how it was placed in time'],
      sources.map((source) => [
        source.file,
        `${source.format}${source.wrapper === 'none' ? '' : `, ${source.wrapper}`}`,
        countText(source.lines) +
          (source.unreadable > 0 ? ` (${countText(source.unreadable)} unreadable)` : ''),
        this.#time.at(source.first),
        this.#time.at(source.last),
        source.placement.text,
      ]),
    )
    for (const source of sources.slice(0, MOST_ROWS)) {
      if (source.samples.length === 0) continue
      this.#add(`Lines of ${text(source.file)} that could not be read, a sample:`, '')
      this.#evidence(source.samples)
    }
  }

  #components(): void {
    const { components, clocks } = this.#document
    this.#add('## 2. System components', '')
    this.#add(components.length === 0 ? 'None was recognised.' : text(rollCall(components)), '')
    this.#table(
      ['component', 'role', 'cluster', 'pod', 'program', 'known from', 'what it did'],
      components.map((component) => [
        component.name,
        ROLE_WORD[component.role],
        component.cluster ?? '–',
        component.pod ?? '–',
        [component.program, component.version].filter((part) => part !== null).join(' ') || '–',
        SEEN_WORD[component.seenIn],
        component.doing,
      ]),
    )
    this.#bullets(clocks.map((clock) => clock.text))
  }

  #flow(): void {
    const links = worstFirst(this.#document.links)
    this.#add('## 3. Interaction flow', '')
    if (links.length === 0) this.#add('No link was seen.', '')
    this.#table(
      [
        '',
        'link',
        'state',
        'told by',
        'exchanges',
        'success',
        'median',
        '95 % within',
        'slowest',
        'last success',
      ],
      links.flatMap((link) => this.#linkRows(link)),
    )
    const explained = links.filter(({ state }) => STATE_TONE[state] !== 'good')
    this.#add(
      ...explained
        .slice(0, MOST_EXPLAINED)
        .map(
          (link) =>
            `- ${MARK[STATE_TONE[link.state]]} **${text(link.name)}**: ${text(link.explanation)}`,
        ),
      ...(explained.length > MOST_EXPLAINED
        ? [`- and ${explained.length - MOST_EXPLAINED} more`]
        : []),
      ...(explained.length > 0 ? [''] : []),
    )
  }

  #linkRows(link: Link): string[][] {
    const mark = MARK[STATE_TONE[link.state]]
    if (link.views.length === 0) {
      return [[mark, link.name, STATE_WORD[link.state], ...Array.from({ length: 7 }, () => '–')]]
    }
    return link.views.map((view, index) => [
      index === 0 ? mark : '',
      index === 0 ? link.name : '',
      index === 0 ? STATE_WORD[link.state] : '',
      view.side,
      exchangesText(view),
      percentText(view.successRate),
      view.latency === null ? '–' : durationText(view.latency.p50Ms),
      view.latency === null ? '–' : durationText(view.latency.p95Ms),
      view.latency === null ? '–' : durationText(view.latency.maxMs),
      this.#time.at(view.lastSuccess),
    ])
  }

  #transactions(): void {
    this.#add('## 4. One transaction, step by step', '')
    if (this.#document.transactions.length === 0) {
      this.#add('No poll and no task could be followed in this window.', '')
    }
    for (const transaction of this.#document.transactions) this.#transaction(transaction)
  }

  #transaction(transaction: Transaction): void {
    this.#add(`### ${text(transaction.title)}`, '', text(transaction.text), '')
    transaction.steps.forEach((step, index) => {
      const since = step.sinceStartMs === null ? '' : `, ${sinceText(step.sinceStartMs)}`
      this.#add(`${index + 1}. **${text(step.title)}** (${step.leg}${since})`)
      if (step.evidence === null) {
        this.#add(`   *no line*: ${text(step.missing ?? 'nothing in the sources')}`)
      } else {
        this.#add(`   ${place(step.evidence)}: ${code(step.evidence.text)}`)
      }
    })
    this.#add('')
  }

  #findings(): void {
    const { findings } = this.#document
    this.#add('## 5. Findings', '')
    if (findings.length === 0) this.#add('None.', '')
    for (const finding of findings.slice(0, MOST_FINDINGS)) this.#finding(finding)
    const rest = findings.slice(MOST_FINDINGS)
    const listed = rest.slice(0, MOST_TITLES)
    this.#add(
      ...listed.map(
        (finding) =>
          `- ${MARK[SEVERITY_TONE[finding.severity]]} ${finding.id} · ${text(finding.title)} (${text(actor(finding))})`,
      ),
    )
    if (rest.length > listed.length) this.#add(`- and ${rest.length - listed.length} more`)
    if (rest.length > 0) this.#add('')
  }

  #finding(finding: Finding): void {
    const { severity, status, title, link, affects, next } = finding
    this.#add(`### ${MARK[SEVERITY_TONE[severity]]} ${finding.id} · ${text(title)}`, '')
    this.#add(text(finding.why), '')
    this.#add(`- who must act: **${text(actor(finding))}**`)
    this.#add(`- what to do: ${advice(finding.action)}`)
    if (next.length > 0) this.#add(`- what to try: ${next.map((step) => advice(step)).join(' ')}`)
    this.#add(`- seen: ${seenText(finding, this.#time)}`)
    if (link !== null) this.#add(`- link: ${text(this.#names.link(link))}`)
    if (affects.length > 0)
      this.#add(`- also affects: ${text(enumerated(affects.map((id) => this.#names.link(id))))}`)
    this.#add(`- ${severity}, ${status}; cause \`${finding.cause}\`, ${finding.confidence}`, '')
    this.#evidence(finding.evidence.slice(0, MOST_QUOTED))
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
    const { text: words, supported, notSupported } = this.#document.conclusion
    this.#add('## 7. Conclusion', '', text(words), '')
    if (supported.length > 0) this.#add('The evidence supports:', '')
    this.#bullets(supported)
    if (notSupported.length > 0) this.#add('It does not support:', '')
    this.#bullets(notSupported)
  }

  #bullets(items: readonly string[]): void {
    if (items.length === 0) return
    this.#add(...items.slice(0, MOST_ROWS).map((item) => `- ${text(item)}`))
    if (items.length > MOST_ROWS) this.#add(`- and ${items.length - MOST_ROWS} more`)
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
    for (const row of rows.slice(0, MOST_ROWS))
      this.#add(`| ${row.map((cell) => text(cell)).join(' | ')} |`)
    this.#add('')
    if (rows.length > MOST_ROWS) this.#add(`and ${rows.length - MOST_ROWS} more`, '')
  }

  #add(...lines: readonly string[]): void {
    this.#lines.push(...lines)
  }
}

function place({ file, line }: Evidence): string {
  return `${oneLine(file)}:${line}`
}
