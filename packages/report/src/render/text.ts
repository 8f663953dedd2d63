import { displayWidth, formatTable, type Styles } from '@warren/runtime/cli'
import type { Finding, ReportDocument } from '../document/report-document.ts'
import { formatCount, formatNumber } from '../vocabulary/figures.ts'
import { comparisonLines } from './comparison-text.ts'
import { wrapped, shortened } from './text-lines.ts'
import { COLOUR } from './text-tone.ts'
import { TimeFormat, formatTimeRange } from './time-format.ts'
import {
  CHECK_TONE,
  MARK,
  formatP95Note,
  SEVERITY_TONE,
  STATE_TONE,
  STATE_LABEL,
  VERDICT_TONE,
  VERDICT_LABEL,
  formatParty,
  formatLatency,
  formatRate,
  formatOccurrences,
  mostAffectedView,
  worstFirst,
  type Tone,
} from './wording.ts'

/** Size of the terminal. Without it nothing is wrapped or left out. */
export interface Screen {
  readonly columns?: number | undefined
  /** Details are left out until the report fits. */
  readonly rows?: number | undefined
}

interface Detail {
  readonly links: number
  readonly findings: number
  readonly caveats: number
  readonly why: boolean
  readonly quotes: boolean
  /** List every check, or only count them. */
  readonly checks: boolean
}

const EVERYTHING: Detail = {
  links: 40,
  findings: 40,
  caveats: 12,
  why: true,
  quotes: true,
  checks: true,
}
/** Ever less detail, for screens with fewer rows. */
const LESS: readonly Detail[] = [
  { ...EVERYTHING, quotes: false },
  { ...EVERYTHING, quotes: false, checks: false },
  { ...EVERYTHING, quotes: false, checks: false, why: false, caveats: 4 },
  { links: 12, findings: 8, caveats: 3, quotes: false, checks: false, why: false },
  { links: 6, findings: 4, caveats: 2, quotes: false, checks: false, why: false },
  { links: 3, findings: 2, caveats: 1, quotes: false, checks: false, why: false },
]

/** The report for a terminal: verdict, links, findings, checklist. */
export function renderText(document: ReportDocument, paint: Styles, screen: Screen = {}): string {
  const page = new TextPage(document, paint, screen.columns)
  const { rows } = screen
  const all = page.lines(EVERYTHING)
  if (rows === undefined || all.length < rows) return asText(all)
  const fitting = LESS.map((detail) => page.lines(detail))
  const chosen = fitting.find((lines) => lines.length < rows) ?? fitting.at(-1) ?? all
  return asText(chosen.slice(0, Math.max(1, rows - 1)))
}

function asText(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

class TextPage {
  readonly #document: ReportDocument
  readonly #paint: Styles
  readonly #columns: number
  readonly #time: TimeFormat

  constructor(document: ReportDocument, paint: Styles, columns = Number.POSITIVE_INFINITY) {
    this.#document = document
    this.#paint = paint
    this.#columns = columns
    this.#time = new TimeFormat(document)
  }

  lines(detail: Detail): string[] {
    return [
      ...comparisonLines(this.#document, this.#paint, this.#columns),
      ...this.#head(detail),
      ...this.#links(detail),
      ...this.#findings(detail),
      ...this.#checklist(detail),
    ]
  }

  #head({ caveats: most }: Detail): string[] {
    const { verdict, sentence, caveats, totals } = this.#document
    const sources = `${formatCount(totals.lines, 'line')} from ${formatCount(totals.sources, 'source')}`
    return [
      ...this.#marked(VERDICT_TONE[verdict], `${VERDICT_LABEL[verdict]}: ${sentence}`, {
        head: VERDICT_LABEL[verdict].length + 1,
      }),
      ...this.#wrap(`${formatTimeRange(this.#document)} · ${sources}`, '').map(this.#paint.dim),
      ...caveats
        .slice(0, most)
        .flatMap(({ severity, text }) => this.#marked(SEVERITY_TONE[severity], text)),
      ...this.#more(caveats.length - most, 'caveat', 'caveats'),
    ]
  }

  #links({ links: most }: Detail): string[] {
    const links = worstFirst(this.#document.links)
    if (links.length === 0) return []
    const narrow = this.#columns < 100
    const rows = links.slice(0, most).map((link) => {
      const view = mostAffectedView(link)
      const tone = STATE_TONE[link.state]
      return [
        this.#tone(tone, MARK[tone]),
        shortened(link.name, narrow ? 32 : 60),
        this.#tone(tone, STATE_LABEL[link.state]),
        view === undefined ? '–' : formatNumber(view.exchanges),
        formatRate(view?.successRate ?? null),
        ...(narrow ? [] : [formatLatency(view?.latency ?? null, 'p95Ms')]),
        this.#time.at(view?.lastSuccess ?? null),
      ]
    })
    const head = [
      '',
      'link',
      'state',
      'exchanges',
      'success',
      ...(narrow ? [] : ['p95']),
      'last success',
    ]
    // Aligned even in a pipe, because people read this output.
    const table = formatTable(rows, { head, tty: true, columns: this.#columns })
      .trimEnd()
      .split('\n')
    return [
      '',
      this.#paint.bold('Links'),
      ...table,
      ...(narrow ? [] : this.#wrap(formatP95Note(this.#document), '').map(this.#paint.dim)),
      ...this.#more(
        links.length - most,
        'link, not in a worse state',
        'links, none in a worse state',
      ),
    ]
  }

  #findings(detail: Detail): string[] {
    const { findings } = this.#document
    const bad = findings.filter(({ severity }) => severity !== 'info')
    const infos = findings.filter(({ severity }) => severity === 'info')
    const lines: string[] = []
    if (bad.length > 0) lines.push('', this.#paint.bold('Findings'))
    lines.push(
      ...bad.slice(0, detail.findings).flatMap((finding) => this.#finding(finding, detail)),
      ...this.#more(bad.length - detail.findings, 'finding', 'findings'),
    )
    if (infos.length > 0) lines.push('', this.#paint.bold('Information'))
    lines.push(
      ...infos.slice(0, detail.findings).flatMap(({ title }) => this.#marked('note', title)),
      ...this.#more(infos.length - detail.findings, 'finding', 'findings'),
    )
    return lines
  }

  #finding(finding: Finding, { why, quotes }: Detail): string[] {
    const { id, title, severity } = finding
    const occurrences = isTimed(finding, this.#time) ? null : formatOccurrences(finding, this.#time)
    const [quote] = quotes ? finding.evidence : []
    const action = `${formatParty(finding)}: ${finding.action}`
    return [
      ...this.#marked(SEVERITY_TONE[severity], `${id} ${title}`, { head: id.length, bold: true }),
      ...(why
        ? [
            ...(occurrences === null ? [] : this.#wrap(occurrences, '    ').map(this.#paint.dim)),
            ...this.#wrap(finding.why, '    '),
          ]
        : []),
      ...this.#wrap(action, '    ').map(this.#paint.cyan),
      ...(quote === undefined
        ? []
        : [`${quote.file}:${quote.line}`, quote.text].map((text) =>
            this.#paint.dim(`    ${shortened(text, this.#columns - 4)}`),
          )),
    ]
  }

  #checklist({ checks: every }: Detail): string[] {
    const { checklist } = this.#document
    if (!every) {
      const counts = (['passed', 'failed', 'unknown'] as const).map((state) => {
        const number = checklist.filter((check) => check.state === state).length
        return this.#tone(CHECK_TONE[state], `${MARK[CHECK_TONE[state]]} ${number} ${state}`)
      })
      return ['', `${this.#paint.bold('Checklist')}  ${counts.join('  ')}`]
    }
    return [
      '',
      this.#paint.bold('Checklist'),
      ...checklist.flatMap(({ state, title, number }) => {
        const tone = CHECK_TONE[state]
        const line = `${this.#tone(tone, MARK[tone])} ${title}  ${this.#paint.dim(number)}`
        return displayWidth(line) <= this.#columns
          ? [line]
          : [...this.#marked(tone, title), ...this.#wrap(number, '    ').map(this.#paint.dim)]
      }),
    ]
  }

  /** A mark and a text. The first `head` characters of the text have the colour of the mark. */
  #marked(tone: Tone, text: string, { head = 0, bold = false } = {}): string[] {
    const [first = '', ...others] = this.#wrap(text, '  ')
    const rest = first.slice(2 + head)
    const coloured = this.#tone(tone, `${MARK[tone]} ${first.slice(2, 2 + head)}`.trimEnd())
    return [`${coloured}${head === 0 ? ' ' : ''}${bold ? this.#paint.bold(rest) : rest}`, ...others]
  }

  #more(count: number, one: string, many: string): string[] {
    if (count <= 0) return []
    return [this.#paint.dim(`  and ${formatNumber(count)} more ${count === 1 ? one : many}`)]
  }

  #wrap(text: string, indent: string): string[] {
    return wrapped(text, this.#columns, indent)
  }

  #tone(name: Tone, text: string): string {
    return this.#paint[COLOUR[name]](text)
  }
}

/** Whether the explanation states when it began. */
function isTimed({ first, why }: Finding, time: TimeFormat): boolean {
  return first !== null && why.includes(time.at(first))
}
