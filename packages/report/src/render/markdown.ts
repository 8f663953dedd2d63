import type {
  Evidence,
  Finding,
  Link,
  ReportDocument,
  Transaction,
} from '../document/report-document.ts'
import {
  CHECK_TONE,
  MARK,
  Names,
  ROLE_WORD,
  STATE_TONE,
  STATE_WORD,
  SEVERITY_TONE,
  TimeFormat,
  VERDICT_WORD,
  actor,
  countText,
  durationText,
  percentText,
  sinceText,
  spanText,
  windowText,
} from './wording.ts'

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
    const { verdict, sentence, numbers, caveats, sources } = this.#document
    this.#add(`# Network health: ${VERDICT_WORD[verdict]}`, '')
    this.#add(`**${text(sentence)}**`, '')
    for (const caveat of caveats) {
      this.#add(`> ${MARK[SEVERITY_TONE[caveat.severity]]} ${text(caveat.text)}`, '>')
    }
    if (caveats.length > 0) {
      this.#lines.pop()
      this.#add('')
    }
    this.#add('## 1. Executive summary', '')
    this.#add(`Window: ${windowText(this.#document)}.`, '')
    this.#table(
      ['', ''],
      numbers.map(({ label, value }) => [label, value]),
    )
    this.#table(
      ['source', 'taken for', 'wrapper', 'lines', 'from', 'to', 'time'],
      sources.map((source) => [
        source.file,
        source.format,
        source.wrapper,
        countText(source.lines) +
          (source.unreadable > 0 ? ` (${countText(source.unreadable)} unreadable)` : ''),
        this.#time.at(source.first),
        this.#time.at(source.last),
        source.placement.text,
      ]),
    )
    for (const source of sources) {
      if (source.samples.length === 0) continue
      this.#add(`Lines of ${text(source.file)} that could not be read, a sample:`, '')
      this.#evidence(source.samples)
    }
  }

  #components(): void {
    this.#add('## 2. System components', '')
    this.#table(
      ['component', 'role', 'cluster', 'pod', 'program', 'seen', 'what it did'],
      this.#document.components.map((component) => [
        component.name,
        ROLE_WORD[component.role],
        component.cluster ?? '–',
        component.pod ?? '–',
        [component.program, component.version].filter((part) => part !== null).join(' ') || '–',
        component.seenIn === 'own-log'
          ? 'own log'
          : component.seenIn === 'other-logs'
            ? "others' logs"
            : 'only listed',
        component.doing,
      ]),
    )
    for (const clock of this.#document.clocks) this.#add(`- Clock: ${text(clock.text)}`)
    if (this.#document.clocks.length > 0) this.#add('')
  }

  #flow(): void {
    this.#add('## 3. Interaction flow', '')
    this.#table(
      ['', 'link', 'state', 'exchanges', 'success', 'p50', 'p95', 'max', 'last success'],
      this.#document.links.flatMap((link) => this.#linkRows(link)),
    )
    for (const link of this.#document.links) {
      this.#add(
        `- ${MARK[STATE_TONE[link.state]]} **${text(link.name)}**: ${text(link.explanation)}`,
      )
    }
    this.#add('')
  }

  #linkRows(link: Link): string[][] {
    const mark = MARK[STATE_TONE[link.state]]
    if (link.views.length === 0) {
      return [[mark, link.name, STATE_WORD[link.state], '–', '–', '–', '–', '–', '–']]
    }
    return link.views.map((view, index) => [
      index === 0 ? mark : '',
      `${link.name} (${view.side} side)`,
      index === 0 ? STATE_WORD[link.state] : '',
      `${countText(view.exchanges)}: ${view.statuses
        .map(({ status, count }) => `${countText(count)} × ${status}`)
        .join(', ')}`,
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
    for (const finding of findings) this.#finding(finding)
  }

  #finding(finding: Finding): void {
    const { severity, status, title } = finding
    this.#add(`### ${MARK[SEVERITY_TONE[severity]]} ${finding.id} · ${text(title)}`, '')
    this.#add(`${severity}, ${status} · cause \`${finding.cause}\` · ${finding.confidence}`, '')
    this.#add(text(finding.why), '')
    this.#table(
      ['', ''],
      [
        ['link', this.#names.link(finding.link)],
        ['seen', `${countText(finding.count)} ×, ${spanText(finding, this.#time)}`],
        ['recovered', finding.recoveredAt === null ? '–' : this.#time.at(finding.recoveredAt)],
        ['who must act', actor(finding)],
        ['what to do', finding.action],
      ],
    )
    for (const step of finding.next) this.#add(`- ${text(step)}`)
    if (finding.next.length > 0) this.#add('')
    this.#evidence(finding.evidence)
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
        check.detail,
      ]),
    )
  }

  #conclusion(): void {
    const { text: words, supported, notSupported } = this.#document.conclusion
    this.#add('## 7. Conclusion', '', text(words), '')
    if (supported.length > 0) {
      this.#add('The evidence supports:', '', ...supported.map((item) => `- ${text(item)}`), '')
    }
    if (notSupported.length > 0) {
      this.#add('It does not support:', '', ...notSupported.map((item) => `- ${text(item)}`), '')
    }
  }

  #evidence(lines: readonly Evidence[]): void {
    if (lines.length === 0) return
    const quoted = lines.map((line) => `${place(line)}  ${oneLine(line.text)}`)
    const fence = fenceFor(quoted)
    this.#add(fence, ...quoted, fence, '')
  }

  #table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    if (rows.length === 0) return
    this.#add(`| ${head.map((cell) => text(cell)).join(' | ')} |`)
    this.#add(`|${head.map(() => ' --- |').join('')}`)
    for (const row of rows) this.#add(`| ${row.map((cell) => text(cell)).join(' | ')} |`)
    this.#add('')
  }

  #add(...lines: readonly string[]): void {
    this.#lines.push(...lines)
  }
}

function place({ file, line }: Evidence): string {
  return `${oneLine(file)}:${line}`
}

function oneLine(value: string): string {
  return value.replaceAll(/\s+/g, ' ')
}

/** Text of a log must not become markup, a mention, a heading or a cell of its own. */
function text(value: string): string {
  return (
    oneLine(value)
      .replaceAll(/[\\`*[\]|#~<>&@]/g, (character) => ENTITY[character] ?? `\\${character}`)
      // Between letters an underscore is one; escaping it there only makes the source harder to read.
      .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\_`)
  )
}

const ENTITY: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '@': '&#64;',
}

function code(value: string): string {
  const flat = oneLine(value)
  const longest = Math.max(0, ...[...flat.matchAll(/`+/g)].map(([run]) => run.length))
  const tick = '`'.repeat(longest + 1)
  return longest === 0 ? `${tick}${flat}${tick}` : `${tick} ${flat} ${tick}`
}

function fenceFor(lines: readonly string[]): string {
  const longest = Math.max(
    0,
    ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)),
  )
  return '`'.repeat(Math.max(3, longest + 1))
}
