import { isComplete, sinceStart } from '../transactions/transaction.ts'
import type { RawTransaction } from '../transactions/transaction.ts'
import { formatCount, formatDuration, roundLatency } from '../vocabulary/figures.ts'
import { SECOND } from '../read/timestamps.ts'
import { evidenceOf, instant } from './instants.ts'
import type { Transaction } from './report-document.ts'

export function buildTransaction(
  transaction: RawTransaction,
  sourceIds: ReadonlyMap<number, string>,
): Transaction {
  const { tookMs, resolutionMs } = transaction
  const since = sinceStart(transaction.steps)
  return {
    kind: transaction.kind,
    title: transaction.title,
    text: describe(transaction),
    link: transaction.link?.id ?? null,
    matchedBy: transaction.matchedBy,
    confidence: transaction.confidence,
    complete: isComplete(transaction),
    totalMs: tookMs >= 0 && tookMs >= resolutionMs / 2 ? Number(tookMs.toFixed(1)) : null,
    steps: transaction.steps.map(({ leg, title, line, missing }, index) => ({
      leg,
      title,
      time: instant(line?.time ?? Number.NaN),
      sinceStartMs: since[index] ?? null,
      evidence: line === undefined ? null : evidenceOf(line, sourceIds),
      ...(missing === undefined ? {} : { missing }),
    })),
  }
}

const MATCHED_BY: Readonly<Record<RawTransaction['matchedBy'], string>> = {
  'request-id': 'Lines matched by request ID.',
  'task-id': 'Lines matched by task ID.',
  time: 'Lines matched by time.',
  'one-source': 'All lines are from one source.',
}

function describe({ steps, matchedBy, remarks, ...took }: RawTransaction): string {
  const missing = steps.filter(
    ({ line, unlogged }) => line === undefined && unlogged !== true,
  ).length
  return [
    MATCHED_BY[matchedBy],
    ...remarks,
    formatTotal(took),
    missing === 0
      ? ''
      : `${missing} of ${formatCount(steps.length, 'step')} ${missing === 1 ? 'has' : 'have'} no log line.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

function formatTotal({
  tookMs,
  resolutionMs,
  measuredBy,
}: Pick<RawTransaction, 'tookMs' | 'resolutionMs' | 'measuredBy'>): string {
  if (!(tookMs >= 0)) return ''
  const total = measuredBy === undefined ? 'Total' : `Total according to the ${measuredBy} log`
  if (resolutionMs < SECOND) return `${total}: ${formatDuration(roundLatency(tookMs))}.`
  return tookMs < SECOND
    ? `${total}: 1 s or less, because the timestamps have whole seconds.`
    : `${total}: about ${formatDuration(Math.round(tookMs / SECOND) * SECOND)}.`
}
