import { nanoStamp } from '../writers/clock-text.ts'
import type { Origin, PodLine } from './wrapped.ts'
import { textFile } from './wrapped.ts'

/** Grafana's "Download logs as JSON": an array, newest first. */
export function lokiArray(lines: readonly PodLine[]): string {
  const records = lines.map(({ origin, time, text }, index) => ({
    line: text,
    timestamp: nanos(time, index),
    date: nanoStamp(time, index).slice(0, 23) + 'Z',
    fields: labelsOf(origin),
  }))
  return `${JSON.stringify(records.toReversed(), null, 2)}\n`
}

/** `logcli --output=jsonl`, oldest first. */
export function lokiLines(lines: readonly PodLine[]): string {
  return textFile(
    lines.map(({ origin, time, text }, index) =>
      JSON.stringify({
        labels: labelsOf(origin),
        line: text,
        timestamp: nanoStamp(time, index),
      }),
    ),
  )
}

/** Grafana's "Download as CSV" of a logs panel, newest first. */
export function lokiCsv(lines: readonly PodLine[]): string {
  const rows = lines.map(({ origin, time, text }, index) =>
    [
      JSON.stringify(labelsOf(origin)),
      nanoStamp(time, index).slice(0, 23) + 'Z',
      text,
      nanos(time, index),
    ]
      .map(quoted)
      .join(','),
  )
  return textFile(['"labels","Time","Line","tsNs"', ...rows.toReversed()])
}

function labelsOf({ cluster, namespace, pod, container }: Origin) {
  return { cluster, container, namespace, pod, stream: 'stderr' }
}

function nanos(time: number, sequence: number): string {
  const whole = Math.floor(time)
  const rest = Math.floor((time - whole) * 1_000_000) + (sequence % 97)
  return `${whole}${String(Math.min(999_999, rest)).padStart(6, '0')}`
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
