import type { NetworkLink } from '../network/topology.ts'
import { outcomeText } from '../facts/link-stats.ts'
import type { Series as FactSeries } from '../facts/series.ts'
import { roundLatency } from '../vocabulary/figures.ts'
import { gapLimit } from '../findings/limits.ts'
import { HOUR, MINUTE, SECOND } from '../read/timestamps.ts'
import { mergeSeries } from '../timeline/side-view.ts'
import type { SideView } from '../timeline/side-view.ts'
import { instantOr } from './instants.ts'
import type { BucketState, Series } from './report-document.ts'

const MAX_BUCKETS = 120
const WIDTHS = [
  SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  6 * HOUR,
  24 * HOUR,
]

/** A link over time, combined from all sides; null without exchanges. */
export function buildSeries(link: NetworkLink, from: number, to: number): Series | null {
  if (link.views.length === 0 || !(to > from)) return null
  const width = WIDTHS.find((ms) => (to - from) / ms <= MAX_BUCKETS) ?? 24 * HOUR
  const views = new Map(link.views.map(({ side, view }) => [side, view]))
  const client = views.get('client')
  const main =
    views.get('relay') ??
    views.get('load-balancer') ??
    views.get('broker') ??
    views.get('database') ??
    client
  if (main === undefined) return null
  const mainSeries = mergeSeries(main, from, to, width)
  const clientSeries = client === undefined ? undefined : mergeSeries(client, from, to, width)
  const { bucketMs } = mainSeries
  const first = Math.floor(from / bucketMs) * bucketMs
  const length = Math.min(240, Math.floor((to - first) / bucketMs) + 1)
  const starts = Array.from({ length }, (_, index) => first + index * bucketMs)
  const read = (series: FactSeries | undefined, pick: (slot: number) => number): number[] =>
    starts.map((start) => {
      if (series === undefined) return 0
      const slot = Math.round((start - series.from) / series.bucketMs)
      return slot < 0 || slot >= series.length ? 0 : pick(slot)
    })
  const both = (pick: (series: FactSeries) => (slot: number) => number): number[] => {
    const mine = read(mainSeries, pick(mainSeries))
    const theirs = clientSeries === undefined ? mine : read(clientSeries, pick(clientSeries))
    return mine.map((value, index) => Math.max(value, theirs[index] ?? 0))
  }
  const ok = both((series) => (slot) => series.ok[slot] ?? 0)
  const failed = both((series) => (slot) => series.failed[slot] ?? 0)
  const quantiles = (series: FactSeries | undefined, q: number): (number | null)[] =>
    starts.map((start) => {
      if (series === undefined) return null
      const slot = Math.round((start - series.from) / series.bucketMs)
      const value = slot < 0 || slot >= series.length ? null : series.quantile(slot, q)
      return value === null ? null : roundLatency(value)
    })
  return {
    from: instantOr(first, from),
    bucketMs,
    state: states(link, starts, bucketMs, ok, failed),
    ok,
    failed,
    relayP50Ms: quantiles(main === client ? undefined : mainSeries, 0.5),
    relayP95Ms: quantiles(main === client ? undefined : mainSeries, 0.95),
    clientP50Ms: quantiles(clientSeries, 0.5),
    clientP95Ms: quantiles(clientSeries, 0.95),
    statuses: statusRows(main, mainSeries, client, clientSeries, read),
  }
}

/** Counts per status: those of the relay log, and from the client log those that never reached the relay. */
function statusRows(
  main: SideView,
  mainSeries: FactSeries,
  client: SideView | undefined,
  clientSeries: FactSeries | undefined,
  read: (series: FactSeries | undefined, pick: (slot: number) => number) => number[],
): Series['statuses'] {
  const rows = mainSeries.statuses()
  const known = new Set(rows.map(([status]) => status))
  const more =
    main === client ? [] : (clientSeries?.statuses() ?? []).filter(([status]) => !known.has(status))
  return [
    ...rows.map(([status, counts]) => ({
      status,
      counts: read(mainSeries, (slot) => counts[slot] ?? 0),
    })),
    ...more.map(([status, counts]) => ({
      status,
      counts: read(clientSeries, (slot) => counts[slot] ?? 0),
    })),
  ].map(({ status, counts }) => ({ status: status === 0 ? 'ok' : outcomeText(status), counts }))
}

function states(
  link: NetworkLink,
  starts: readonly number[],
  width: number,
  ok: readonly number[],
  failed: readonly number[],
): BucketState[] {
  const views = link.views.map(({ view }) => view)
  let before: BucketState = 'no-log'
  return starts.map((start, index) => {
    const good = ok[index] ?? 0
    const bad = failed[index] ?? 0
    if (good > 0 || bad > 0) before = good === 0 ? 'failed' : bad === 0 ? 'ok' : 'mixed'
    else if (!covered(link, start, start + width)) before = 'no-log'
    else if (views.every((view) => isQuiet(view, start, start + width))) before = 'quiet'
    // The bucket is shorter than the polling interval: the previous state continues.
    else if (before === 'no-log') before = 'quiet'
    return before
  })
}

/** Whether some log that would show the link covers the bucket. */
function covered(link: NetworkLink, from: number, to: number): boolean {
  const spans = [
    ...(link.relay === undefined ? [] : [{ first: link.relay.first, last: link.relay.last }]),
    ...link.views.map(({ view }) => ({ first: view.first, last: view.last })),
  ]
  return spans.some(({ first, last }) => first <= to && last >= from)
}

function isQuiet(view: SideView, from: number, to: number): boolean {
  const limit = gapLimit(view)
  if (to <= view.first || from >= view.last) return true
  return (
    !Number.isNaN(limit) &&
    view.gaps.some((gap) => gap.to - gap.from > limit && gap.from < to && gap.to > from)
  )
}
