import type { BucketState, Link, Series } from '../../document/report-document.ts'
import { durationText, type TimeFormat } from '../time-format.ts'
import { countText } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { coordinate, instantOf } from './plot.ts'

const BUCKET_WORD: Readonly<Record<BucketState, string>> = {
  ok: 'answered',
  mixed: 'partly failed',
  failed: 'failed',
  quiet: 'silent',
  'no-log': 'no log',
}
// Heights differ too, so that the strip can be read without its colours; without a log there is nothing to draw.
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

/** A link over time as one strip. */
export function timeStrip(link: Link, series: Series, time: TimeFormat): SafeHtml {
  return html`<svg
    class="strip"
    viewBox="0 0 ${series.state.length} ${BOTTOM}"
    preserveAspectRatio="none"
    role="img"
    aria-label="${`Time line of ${link.name}: ${spoken(series)}`}"
  >
    ${runsOf(series).map((run) => drawn(run, series, time))}
  </svg>`
}

export function stripLegend(): SafeHtml {
  return html`<ul class="legend">
    ${(['ok', 'mixed', 'failed', 'quiet', 'no-log'] as const).map((state) => html`<li><i class="b-${state}"></i>${BUCKET_WORD[state]}</li>`)}
  </ul>`
}

function drawn(run: Run, series: Series, time: TimeFormat): SafeHtml | null {
  const { state, from, to, ok, failed } = run
  if (state === 'no-log') return null
  const all = ok + failed
  const counts = all > 0 ? `, ${countText(ok)} of ${countText(all)} answered` : ''
  const title = `${time.at(instantOf(series, from))} to ${time.at(instantOf(series, to))}: ${BUCKET_WORD[state]}${counts}`
  const bar = (style: string, top: number, bottom: number): SafeHtml =>
    html`<rect
      class="b-${style}"
      x="${from}"
      y="${coordinate(top)}"
      width="${to - from}"
      height="${coordinate(bottom - top)}"
    />`
  // Failures from above, as deep as their share.
  const edge = state === 'mixed' ? Math.max(2, Math.min(8, (BOTTOM * failed) / all)) : 0
  return html`<g
    ><title>${title}</title
    >${state === 'mixed' ? [bar('ok', Math.max(edge, TOP.ok), BOTTOM), bar('failed', 0, edge)] : bar(state, TOP[state], BOTTOM)}</g
  >`
}

/** Neighbours of one state are one bar. */
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

/** A sentence for those who do not see the strip. */
function spoken(series: Series): string {
  const counts = new Map<BucketState, number>()
  for (const state of series.state) counts.set(state, (counts.get(state) ?? 0) + 1)
  const parts = [...counts].map(([state, count]) => `${count} ${BUCKET_WORD[state]}`)
  return `${series.state.length} intervals of ${durationText(series.bucketMs)}; ${parts.join(', ')}`
}
