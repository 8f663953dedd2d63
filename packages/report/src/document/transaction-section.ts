import { isComplete, sinceStart } from '../exchange/transaction.ts'
import type { RawTransaction } from '../exchange/transaction.ts'
import { formatDuration } from '../findings/figures.ts'
import { SECOND } from '../read/timestamps.ts'
import { evidenceOf, instant } from './instants.ts'
import type { Transaction } from './report-document.ts'

export function transactionSection(
  transaction: RawTransaction,
  sourceIds: ReadonlyMap<number, string>,
): Transaction {
  const { tookMs, resolutionMs } = transaction
  const since = sinceStart(transaction.steps)
  return {
    kind: transaction.kind,
    title: transaction.title,
    text: textOf(transaction),
    link: transaction.link?.id ?? null,
    matchedBy: transaction.matchedBy,
    certainty: transaction.certainty,
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
  'request-id': 'The lines belong together by their request id.',
  'task-id': 'The lines belong together by their task ids.',
  time: 'The lines were put together by time.',
  'one-source': 'All lines are of one source.',
}

function textOf(transaction: RawTransaction): string {
  const lacking = transaction.steps.filter(
    ({ line, unwritten }) => line === undefined && unwritten !== true,
  ).length
  return [
    MATCHED_BY[transaction.matchedBy],
    ...transaction.remarks,
    ...tookWords(transaction),
    ...(lacking === 0
      ? []
      : [
          `${lacking} of ${transaction.steps.length} steps ${lacking === 1 ? 'has' : 'have'} no line in any source.`,
        ]),
  ].join(' ')
}

function tookWords({ tookMs, resolutionMs, measuredBy }: RawTransaction): string[] {
  if (!(tookMs >= 0)) return []
  const it = measuredBy === undefined ? 'It took' : `By the log of the ${measuredBy} it took`
  if (resolutionMs < SECOND) return [`${it} ${formatDuration(Number(tookMs.toPrecision(3)))}.`]
  return tookMs < SECOND
    ? [`${it} about a second or less, which is as exact as its times are.`]
    : [`${it} about ${formatDuration(Math.round(tookMs / SECOND) * SECOND)}.`]
}
