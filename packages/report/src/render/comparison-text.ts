import { formatTable, type Styles } from '@warren/runtime/cli'
import type { ReportDocument } from '../document/report-document.ts'
import {
  ANSWER_TONE,
  CHANGE_HEADS,
  formatAnswer,
  formatChange,
  formatCovered,
  formatRanges,
  oneLogPerLink,
  OUTCOME_LABEL,
  OUTCOME_TONE,
} from './comparison-wording.ts'
import { shortened, wrapped } from './text-lines.ts'
import { COLOUR } from './text-tone.ts'
import { MARK, SEVERITY_TONE, type Tone } from './wording.ts'

const MAX_FAILURES = 40
const MAX_LINKS = 12
/** Columns of a link's figures that fit 80 columns, and all of them. */
const NARROW_FIGURES = [0, 2, 3]
const MIN_WIDE = 120

/** Before and after for a terminal: the answer, each failure, what is new, and the figures side by side. Empty without a comparison. */
export function comparisonLines(
  document: ReportDocument,
  paint: Styles,
  columns: number,
): string[] {
  const { comparison } = document
  if (comparison === undefined) return []
  const tone = (name: Tone, text: string): string => paint[COLOUR[name]](text)
  const marked = (name: Tone, head: string, text: string): string[] => {
    const [first = '', ...rest] = wrapped(`${head}${text}`, columns, '  ')
    const shown = first.slice(2)
    return [
      `${tone(name, `${MARK[name]} ${shown.slice(0, head.length).trimEnd()}`)}${shown.slice(head.trimEnd().length)}`,
      ...rest,
    ]
  }
  const { answer, sentence, failures, caveats } = comparison
  const links = oneLogPerLink(comparison.links)
  const fresh = comparison.new
  const lines = [
    ...marked(ANSWER_TONE[answer], `${formatAnswer(comparison)} `, sentence),
    ...formatRanges(document, comparison).map(([label, text]) =>
      paint.dim(`${label.padEnd(6)}  ${text}`),
    ),
    ...caveats.flatMap((text) => marked('warn', '', text)),
  ]
  if (failures.length > 0) lines.push('', paint.bold('Earlier failures'))
  for (const { outcome, title, text, missing } of failures.slice(0, MAX_FAILURES)) {
    lines.push(
      ...marked(OUTCOME_TONE[outcome], `${OUTCOME_LABEL[outcome]}: `, title),
      ...wrapped(text, columns, '    '),
    )
    if (missing !== null)
      lines.push(
        ...wrapped(`Collect the ${missing.log}:`, columns, '    ').map(paint.cyan),
        paint.cyan(`      ${missing.command}`),
      )
  }
  lines.push(...more(failures.length - MAX_FAILURES, paint))
  if (fresh.length > 0) lines.push('', paint.bold('New failures'))
  for (const { finding, title, severity, covered } of fresh.slice(0, MAX_FAILURES))
    lines.push(
      ...marked(SEVERITY_TONE[severity], `${finding} `, `${title}${formatCovered(covered)}`),
    )
  lines.push(...more(fresh.length - MAX_FAILURES, paint))
  if (links.length > 0) {
    const shown = columns < MIN_WIDE ? NARROW_FIGURES : CHANGE_HEADS.map((_, at) => at)
    const rows = links
      .slice(0, MAX_LINKS)
      .map((link) => [
        link.changed.length > 0 ? tone('note', MARK.note) : '',
        shortened(link.name, columns < MIN_WIDE ? 30 : 50),
        link.side.replace('-', ' '),
        ...shown.map((at) => formatChange(link)[at] ?? ''),
      ])
    const head = ['', 'link', 'log', ...shown.map((at) => CHANGE_HEADS[at] ?? '')]
    lines.push(
      '',
      paint.bold('Before → after'),
      ...formatTable(rows, { head, tty: true, columns }).trimEnd().split('\n'),
      ...more(links.length - MAX_LINKS, paint),
    )
  }
  return [...lines, '']
}

function more(count: number, paint: Styles): string[] {
  return count > 0 ? [paint.dim(`  and ${count} more`)] : []
}
