import type { BucketState, Link, Series } from '../../document/report-document.ts'
import { countText, durationText, type TimeFormat } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { coordinate } from './svg-number.ts'

const WIDTH = 980
const LEFT = 64
const PLOT = WIDTH - LEFT - 8
const STRIP_HEIGHT = 26
const CHART_HEIGHT = 110

const BUCKET_WORD: Readonly<Record<BucketState, string>> = {
  ok: 'answered',
  mixed: 'partly failed',
  failed: 'failed',
  quiet: 'nothing said',
  'no-log': 'no log',
}
// Heights differ too, so that the strip can be read without its colours.
const BUCKET_HEIGHT: Readonly<Record<BucketState, number>> = {
  ok: STRIP_HEIGHT,
  mixed: STRIP_HEIGHT,
  failed: STRIP_HEIGHT,
  quiet: 6,
  'no-log': STRIP_HEIGHT,
}

/** The link's time line: one bar a bucket, the failed share drawn from above. */
export function timeLine(link: Link, series: Series, time: TimeFormat): SafeHtml {
  const step = PLOT / Math.max(1, series.state.length)
  const bars = series.state.map((state, index) => {
    const x = LEFT + index * step
    const at = time.tick(instantOf(series, index))
    const failed = series.failed[index] ?? 0
    const total = failed + (series.ok[index] ?? 0)
    const label = `${at}: ${BUCKET_WORD[state]}${total > 0 ? `, ${total - failed} of ${total} answered` : ''}`
    const height = BUCKET_HEIGHT[state]
    const share = state === 'mixed' && total > 0 ? Math.max(0.2, failed / total) : 0
    return html`<g
      ><title>${label}</title
      ><rect
        class="${state === 'mixed' ? 'b-ok' : `b-${state}`}"
        x="${coordinate(x)}"
        y="${coordinate(4 + STRIP_HEIGHT - height)}"
        width="${coordinate(Math.max(1, step - 1.5))}"
        height="${height}"
        rx="1.5"
      />${
        share > 0
          ? html`<rect
              class="b-failed"
              x="${coordinate(x)}"
              y="4"
              width="${coordinate(Math.max(1, step - 1.5))}"
              height="${coordinate(share * STRIP_HEIGHT)}"
              rx="1.5"
            />`
          : null
      }</g
    >`
  })
  const height = STRIP_HEIGHT + 26
  return html`<figure>
    <svg
      viewBox="0 0 ${WIDTH} ${height}"
      width="${WIDTH}"
      height="${height}"
      role="img"
      aria-label="${`Time line of ${link.name}: ${spoken(series)}`}"
    >
      <text x="0" y="${4 + STRIP_HEIGHT / 2 + 4}">answers</text>
      ${bars}${timeAxis(series, STRIP_HEIGHT + 20, time)}
    </svg>
  </figure>`
}

/** A sentence for those who do not see the strip. */
function spoken(series: Series): string {
  const counts = new Map<BucketState, number>()
  for (const state of series.state) counts.set(state, (counts.get(state) ?? 0) + 1)
  const parts = [...counts].map(([state, count]) => `${count} ${BUCKET_WORD[state]}`)
  return `${series.state.length} intervals of ${durationText(series.bucketMs)}; ${parts.join(', ')}`
}

interface Line {
  readonly label: string
  readonly values: readonly (number | null)[]
  readonly style: string
}

/** Latency over time, median and 95th percentile of whichever sides are known; null without any. */
export function latencyChart(link: Link, series: Series, time: TimeFormat): SafeHtml | null {
  const lines: Line[] = [
    { label: 'hub side, median', values: series.hubP50Ms, style: 's1' },
    { label: 'hub side, 95 %', values: series.hubP95Ms, style: 's1 dash' },
    { label: 'client side, median', values: series.clientP50Ms, style: 's2' },
    { label: 'client side, 95 %', values: series.clientP95Ms, style: 's2 dash' },
  ].filter(({ values }) => values.some((value) => value !== null))
  if (lines.length === 0) return null

  const most = Math.max(...lines.flatMap(({ values }) => values.map((value) => value ?? 0)))
  const top = niceCeiling(most)
  const y = (value: number): number => 8 + CHART_HEIGHT * (1 - value / top)
  const grid = [0, 0.5, 1].map(
    (share) =>
      html`<line
          class="grid"
          x1="${LEFT}"
          x2="${WIDTH - 8}"
          y1="${coordinate(y(share * top))}"
          y2="${coordinate(y(share * top))}"
        /><text x="${LEFT - 8}" y="${coordinate(y(share * top) + 4)}" text-anchor="end"
          >${durationText(share * top)}</text
        >`,
  )
  const height = CHART_HEIGHT + 34
  return html`<figure>
    <svg
      viewBox="0 0 ${WIDTH} ${height}"
      width="${WIDTH}"
      height="${height}"
      role="img"
      aria-label="${`Latency of ${link.name} over time, at most ${durationText(most)}`}"
    >
      ${grid}${lines.map((line) => html`<path class="line ${line.style}" d="${path(line.values, y)}"><title>${line.label}</title></path>`)}${timeAxis(series, CHART_HEIGHT + 26, time)}
    </svg>
    <ul class="legend" aria-hidden="true">
      ${lines.map(
        ({ label, style }) =>
          html`<li>
            <svg width="22" height="8"><path class="line ${style}" d="M1 4H21" /></svg>${label}
          </li>`,
      )}
    </ul>
  </figure>`
}

function path(values: readonly (number | null)[], y: (value: number) => number): string {
  const step = PLOT / Math.max(1, values.length)
  let drawing = false
  return values
    .map((value, index) => {
      if (value === null) {
        drawing = false
        return ''
      }
      const x = LEFT + (index + 0.5) * step
      const next = values[index + 1] ?? null
      // A single value between gaps is a dot: a line of no length with round ends.
      const dot = !drawing && next === null ? 'h0.1' : ''
      const command = drawing ? 'L' : 'M'
      drawing = true
      return `${command}${coordinate(x)} ${coordinate(y(value))}${dot}`
    })
    .join('')
}

const STATUS_FILLS = ['var(--note)', 'var(--bad)', 'var(--warn)', 'var(--series-2)', 'var(--none)']

/** Which statuses, over time, as stacked bars; null when there was only one all along. */
export function statusMix(link: Link, series: Series, time: TimeFormat): SafeHtml | null {
  if (series.statuses.length < 2) return null
  const rows = [...series.statuses].toSorted((a, b) => rank(a.status) - rank(b.status))
  const fills = fillsFor(rows.map(({ status }) => status))
  const totals = series.state.map((_, index) =>
    rows.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0),
  )
  const most = Math.max(1, ...totals)
  const step = PLOT / Math.max(1, totals.length)
  const bars = totals.map((_, index) => {
    let base = 8 + CHART_HEIGHT
    return rows.map(({ status, counts }, row) => {
      const value = counts[index] ?? 0
      if (value === 0) return null
      const height = (CHART_HEIGHT * value) / most
      base -= height
      return html`<rect
        x="${coordinate(LEFT + index * step)}"
        y="${coordinate(base)}"
        width="${coordinate(Math.max(1, step - 1.5))}"
        height="${coordinate(height)}"
        fill="${fills[row] ?? ''}"
        ><title>${time.tick(instantOf(series, index))}: ${value} × ${status}</title></rect
      >`
    })
  })
  const height = CHART_HEIGHT + 34
  const sums = rows.map(({ status, counts }) => `${countText(sum(counts))} × ${status}`)
  return html`<figure>
    <svg
      viewBox="0 0 ${WIDTH} ${height}"
      width="${WIDTH}"
      height="${height}"
      role="img"
      aria-label="${`Statuses of ${link.name} over time: ${sums.join(', ')}`}"
    >
      <line class="grid" x1="${LEFT}" x2="${WIDTH - 8}" y1="8" y2="8" />
      <text x="${LEFT - 8}" y="12" text-anchor="end">${countText(most)}</text>
      <line
        class="grid"
        x1="${LEFT}"
        x2="${WIDTH - 8}"
        y1="${8 + CHART_HEIGHT}"
        y2="${8 + CHART_HEIGHT}"
      />
      <text x="${LEFT - 8}" y="${12 + CHART_HEIGHT}" text-anchor="end">0</text>
      ${bars}${timeAxis(series, CHART_HEIGHT + 26, time)}
    </svg>
    <ul class="legend">
      ${rows.map(
        (_, row) =>
          html`<li>
            <svg width="12" height="12" aria-hidden="true">
              <rect width="12" height="12" rx="2" fill="${fills[row] ?? ''}" /></svg
            >${sums[row] ?? ''}
          </li>`,
      )}
    </ul>
  </figure>`
}

function isGood(status: string): boolean {
  return /^2\d\d$/.test(status)
}

function rank(status: string): number {
  return isGood(status) ? 0 : 1
}

/** Good statuses are green and blue, others anything but; the legend names them. */
function fillsFor(statuses: readonly string[]): string[] {
  let good = 0
  let other = 0
  return statuses.map((status) => {
    if (isGood(status)) {
      good += 1
      return good === 1 ? 'var(--good)' : 'var(--note)'
    }
    other += 1
    return STATUS_FILLS[1 + ((other - 1) % (STATUS_FILLS.length - 1))] ?? 'var(--none)'
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function timeAxis(series: Series, y: number, time: TimeFormat): SafeHtml {
  const buckets = series.state.length
  const step = PLOT / Math.max(1, buckets)
  const ticks = Math.min(6, buckets)
  const marks = Array.from({ length: ticks }, (_, index) => Math.floor((index * buckets) / ticks))
  return html`${marks.map((bucket) => html`<text x="${coordinate(LEFT + bucket * step)}" y="${y}">${time.tick(instantOf(series, bucket))}</text>`)}`
}

function instantOf(series: Series, bucket: number): string {
  return new Date(Date.parse(series.from) + bucket * series.bucketMs).toISOString()
}

/** The next of 1, 2, 5 times a power of ten. */
function niceCeiling(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 5, 10].find((candidate) => value <= candidate * power) ?? 10
  return factor * power
}
