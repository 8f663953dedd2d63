import { CAUSES } from './cause.ts'

/** How sentences write numbers, times and lists: the same for every reader, whatever the locale of the machine. */

export function formatCount(n: number, one: string, many = `${one}s`): string {
  return `${formatNumber(n)} ${n === 1 ? one : many}`
}

export function formatNumber(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `132 ms`, `2.1 s`, `3 min 4 s`, `2 h 5 min`, `3 d 4 h` */
export function formatDuration(ms: number): string {
  if (!(ms >= 0)) return 'unknown'
  if (ms < 1_000) return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`
  if (ms < 3_600_000) return pair(ms, 60_000, 'min', 1_000, 's')
  if (ms < 86_400_000) return pair(ms, 3_600_000, 'h', 60_000, 'min')
  return pair(ms, 86_400_000, 'd', 3_600_000, 'h')
}

function pair(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const total = Math.round(ms / small) * small
  const rest = Math.round((total % big) / small)
  return `${Math.floor(total / big)} ${bigName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}

/** To three digits; the histograms are no more precise. */
export function roundLatency(ms: number): number {
  return Number(ms.toPrecision(3))
}

/**
 * An instant in a sentence. Whether it needs its date is known only when the time range is: until then the text contains the number
 * between two characters that no log has, and `withMoments` writes it out.
 */
export function formatTime(time: number): string {
  return Number.isFinite(time) ? `\uE000${Math.round(time)}\uE001` : 'an unknown time'
}

/** `at 11:40:33`, `from 11:40:33 to 11:43:47`; sentences show whole seconds. */
export function formatTimes(first: number, last: number): string {
  return second(first) === second(last)
    ? `at ${formatTime(first)}`
    : `from ${formatTime(first)} to ${formatTime(last)}`
}

/** `1 failed poll at 11:40:33`, `3 failed polls from 11:40:33 to 11:43:47` */
export function formatOccurrences(
  { count, first, last }: { readonly count: number; readonly first: number; readonly last: number },
  one: string,
  many = `${one}s`,
): string {
  // A single occurrence that took a while, such as a timeout, is named by its beginning.
  return `${formatCount(count, one, many)} ${formatTimes(first, count === 1 ? first : last)}`
}

function second(time: number): number {
  return Math.floor(Math.round(time) / 1_000)
}

export function formatPercent(share: number): string {
  if (share === 1 || share === 0) return `${share * 100}%`
  // 100% must mean all of them.
  return `${Math.min(99.9, Math.max(0.1, Number((share * 100).toFixed(1))))}%`
}

/** The most frequent details, such as user names, as a list. */
export function formatDetails(details: ReadonlyMap<string, number>, most = 3): string {
  const names = [...details]
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([name]) => name)
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} and others` : shown
}

/** `TLS wrong name` for `tls-wrong-name`. */
export function formatCause(cause: string): string {
  return cause.replaceAll('-', ' ').replace(/^(tls|cdm)\b/, (word) => word.toUpperCase())
}

/** The most frequent reasons, causes among them, as a list in words. */
export function formatReasons(reasons: ReadonlyMap<string, number>): string {
  const causes: readonly string[] = CAUSES
  return formatDetails(
    new Map(
      [...reasons].map(([reason, count]) => [
        causes.includes(reason) ? formatCause(reason) : reason,
        count,
      ]),
    ),
  )
}

/** ` (a, b)`; '' without any. */
export function inBrackets(text: string): string {
  return text === '' ? '' : ` (${text})`
}

/** `a`, `a and b`, `a, b and c` */
export function formatList(items: readonly string[]): string {
  const last = items.at(-1) ?? ''
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`
}

/** The texts that are not empty, each as a sentence. */
export function sentences(...texts: readonly string[]): string {
  return texts
    .filter((text) => text !== '')
    .map(
      (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`,
    )
    .join(' ')
}
