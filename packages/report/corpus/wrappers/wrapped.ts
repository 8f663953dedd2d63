import type { WrittenLine } from '../writers/written-line.ts'

/** Where a log was collected. */
export interface Origin {
  readonly cluster: string
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

/** The log of one pod. */
export interface PodLog {
  readonly origin: Origin
  readonly lines: readonly WrittenLine[]
}

/** One physical line of one pod. */
export interface PodLine {
  readonly origin: Origin
  readonly time: number
  readonly text: string
}

/**
 * Merges the lines of several pods by their times, as a collector does. Lines of one pod stay in order.
 */
export function merged(logs: readonly PodLog[]): PodLine[] {
  return logs
    .flatMap(({ origin, lines }) => lines.map(({ time, text }) => ({ origin, time, text })))
    .sort((a, b) => a.time - b.time)
}

export function textFile(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
