import type {
  Comparison,
  ComparedFigures,
  ComparedLink,
  Outcome,
} from '../document/comparison-schema.ts'
import type { ReportDocument } from '../document/report-document.ts'
import { formatDuration, formatNumber } from '../vocabulary/figures.ts'
import { formatTimeRange } from './time-format.ts'
import { formatRate, type Tone } from './wording.ts'

export const OUTCOME_LABEL: Readonly<Record<Outcome, string>> = {
  gone: 'gone',
  'still-there': 'still there',
  'came-back': 'came back',
  unknown: 'unknown',
}

export const OUTCOME_TONE: Readonly<Record<Outcome, Tone>> = {
  gone: 'good',
  'still-there': 'bad',
  'came-back': 'bad',
  unknown: 'none',
}

/** The answer to the question of the section. */
export function formatAnswer({ answer, failures }: Comparison): string {
  const has = (...outcomes: readonly Outcome[]): boolean =>
    failures.some(({ outcome }) => outcomes.includes(outcome))
  switch (answer) {
    case 'no-failures':
      return 'No failures before or after.'
    case 'gone':
      return `${QUESTION} Yes.`
    case 'unknown':
      return `${QUESTION} Unknown.`
    case 'not-gone':
      if (has('still-there', 'came-back')) return `${QUESTION} No.`
      if (has('unknown')) return `${QUESTION} Unknown, and there are new failures.`
      return failures.length > 0
        ? `${QUESTION} Yes, but there are new failures.`
        : 'There are new failures.'
    default:
      return answer satisfies never
  }
}

const QUESTION = 'Are the earlier failures gone?'

export const ANSWER_TONE: Readonly<Record<Comparison['answer'], Tone>> = {
  gone: 'good',
  'not-gone': 'bad',
  unknown: 'none',
  'no-failures': 'good',
}

/** The time ranges of both sets of logs, as label and text. */
export function formatRanges(
  { timeRange }: ReportDocument,
  { before }: Comparison,
): readonly (readonly [label: string, text: string])[] {
  const { from, to, dateKnown } = before
  const durationMs = from === null || to === null ? 0 : Date.parse(to) - Date.parse(from)
  const earlier = { ...timeRange, from, to, dateKnown, durationMs }
  return [
    ['before', formatTimeRange({ timeRange: earlier })],
    ['after', formatTimeRange({ timeRange })],
  ]
}

/** One log per link: the first one that shows a change, else that of the relay, which has the exact times. */
export function oneLogPerLink(links: readonly ComparedLink[]): ComparedLink[] {
  return [...Map.groupBy(links, ({ link }) => link).values()].flatMap(
    (logs) =>
      logs.find(({ changed }) => changed.length > 0) ??
      logs.find(({ side }) => side === 'relay') ??
      logs[0] ??
      [],
  )
}

/** Heads of the columns that `formatChange` fills. */
export const CHANGE_HEADS = ['polling interval', 'median', 'p95', 'success', 'exchanges'] as const

/** The figures of a link before and after: `10 s → 5 s`. A figure that did not change is written once. */
export function formatChange({ before, after }: ComparedLink): readonly string[] {
  const cells: readonly ((figures: ComparedFigures) => string)[] = [
    ({ pollIntervalMs }) => duration(pollIntervalMs),
    ({ p50Ms }) => duration(p50Ms),
    ({ p95Ms }) => duration(p95Ms),
    ({ successRate }) => formatRate(successRate),
    ({ exchanges }) => formatNumber(exchanges),
  ]
  return cells.map((cell) => {
    const [old, now] = [cell(before), cell(after)]
    return old === now ? now : `${old} → ${now}`
  })
}

function duration(ms: number | null): string {
  return ms === null ? '–' : formatDuration(ms)
}

/** What a new failure is called if the earlier logs do not cover its link. */
export function formatCovered(covered: boolean): string {
  return covered ? '' : ' (the earlier logs do not cover this link)'
}
