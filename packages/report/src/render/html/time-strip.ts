import type { BucketState, Link, Series } from '../../document/report-document.ts'
import { formatDuration, formatNumber } from '../../vocabulary/figures.ts'
import { type TimeFormat } from '../time-format.ts'
import { html, type SafeHtml } from './html-template.ts'
import { coordinate, instantOf } from './plot.ts'

const BUCKET_LABEL: Readonly<Record<BucketState, string>> = {
  ok: 'successful',
  mixed: 'some failed',
  failed: 'failed',
  quiet: 'no exchanges',
  'no-log': 'no log',
}
// Heights differ, so that the strip can be read without colours. Buckets without a log are not drawn.
const TOP: Readonly<Record<Exclude<BucketState, 'no-log'>, number>> = {
  ok: 4,
  mixed: 0,
  failed: 0,
  quiet: 9,
}
const BOTTOM = 10

interface Run {
  readonly state: BucketState
  readonly from: number
  readonly to: number
  readonly ok: number
  readonly failed: number
}

/** The states of a link over time, as one strip. */
export function renderTimeStrip(link: Link, series: Series, time: TimeFormat): SafeHtml {
  return html`<svg
    class="strip"
    viewBox="0 0 ${series.state.length} ${BOTTOM}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${`Timeline of ${link.name}: ${altText(series)}`}"
  >
    ${runsOf(series).map((run) => renderRun(run, series, time))}
  </svg>`
}

export function renderStripLegend(): SafeHtml {
  return html`<ul class="legend">
    ${(['ok', 'mixed', 'failed', 'quiet', 'no-log'] as const).map((state) => html`<li><i class="b-${state}"></i>${BUCKET_LABEL[state]}</li>`)}
  </ul>`
}

function renderRun(run: Run, series: Series, time: TimeFormat): SafeHtml | null {
  const { state, from, to, ok, failed } = run
  if (state === 'no-log') return null
  const all = ok + failed
  const counts = all > 0 ? `, ${formatNumber(ok)} of ${formatNumber(all)} successful` : ''
  const title = `${time.span(instantOf(series, from), instantOf(series, to))}: ${BUCKET_LABEL[state]}${counts}`
  const bar = (style: string, top: number, bottom: number): SafeHtml =>
    html`<rect
      class="b-${style}"
      x="${from}"
      y="${coordinate(top)}"
      width="${to - from}"
      height="${coordinate(bottom - top)}"
    />`
  // Failures start at the top, as high as their share.
  const edge = state === 'mixed' ? Math.max(2, Math.min(8, (BOTTOM * failed) / all)) : 0
  return html`<g
    ><title>${title}</title
    >${state === 'mixed' ? [bar('ok', Math.max(edge, TOP.ok), BOTTOM), bar('failed', 0, edge)] : bar(state, TOP[state], BOTTOM)}</g
  >`
}

/** Adjacent buckets with the same state are one bar. */
function runsOf({ state, ok, failed }: Series): Run[] {
  const runs: Run[] = []
  state.forEach((one, index) => {
    const before = runs.at(-1)
    const [good, bad] = [ok[index] ?? 0, failed[index] ?? 0]
    if (before?.state === one && one !== 'mixed') {
      runs[runs.length - 1] = {
        ...before,
        to: index + 1,
        ok: before.ok + good,
        failed: before.failed + bad,
      }
    } else runs.push({ state: one, from: index, to: index + 1, ok: good, failed: bad })
  })
  return runs
}

/** One sentence for screen readers. */
function altText(series: Series): string {
  const counts = new Map<BucketState, number>()
  for (const state of series.state) counts.set(state, (counts.get(state) ?? 0) + 1)
  const parts = [...counts].map(([state, count]) => `${count} ${BUCKET_LABEL[state]}`)
  return `${series.state.length} intervals of ${formatDuration(series.bucketMs)}; ${parts.join(', ')}`
}
