import type { Link, Series } from '../../document/report-document.ts'
import { formatDuration, formatNumber } from '../../vocabulary/figures.ts'
import { type TimeFormat } from '../time-format.ts'
import { formatStatus } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { coordinate, renderPlot, PLOT_HEIGHT } from './plot.ts'

const GOOD_STYLES = ['m-good', 'm-note']
const BAD_STYLES = ['m-bad', 'm-warn', 'm-other', 'm-none']

/** Responses by status over time, as stacked bars; null if there was only one status. */
export function renderStatusMix(link: Link, series: Series, time: TimeFormat): SafeHtml | null {
  const rows = series.statuses.map(({ status, counts }) => ({
    status,
    counts,
    all: counts.reduce((sum, count) => sum + count, 0),
    good: /^(?:2\d\d|ok)$/.test(status),
  }))
  if (rows.length < 2) return null
  // Successes at the bottom, failures above them.
  const sorted = rows.toSorted((a, b) => Number(b.good) - Number(a.good) || b.all - a.all)
  const bads = sorted.filter(({ good }) => !good).length
  const styles = sorted.map(({ good }, index) =>
    good
      ? (GOOD_STYLES[index] ?? 'm-note')
      : (BAD_STYLES[(index - (sorted.length - bads)) % BAD_STYLES.length] ?? 'm-none'),
  )
  const totals = series.state.map((_, bucket) =>
    rows.reduce((sum, { counts }) => sum + (counts[bucket] ?? 0), 0),
  )
  const most = Math.max(1, ...totals)
  const labels = sorted.map(({ status }) => formatStatus(status))
  const shapes = sorted.map(({ counts }, row) => {
    const bars = counts.map((count, bucket) => {
      if (count === 0) return ''
      const below = sorted
        .slice(0, row)
        .reduce((sum, lower) => sum + (lower.counts[bucket] ?? 0), 0)
      const height = (PLOT_HEIGHT * count) / most
      const top = PLOT_HEIGHT * (1 - below / most) - height
      return `M${bucket} ${coordinate(top)}h.85v${coordinate(height)}h-.85z`
    })
    return html`<path class="${styles[row] ?? ''}" d="${bars.join('')}" />`
  })
  return renderPlot(
    {
      title: `Responses per ${formatDuration(series.bucketMs)}`,
      altText: `Responses on ${link.name} over time: ${labels.join(', ')}`,
      scale: [formatNumber(most), '0'],
      shapes,
      legend: labels.map((text, row) => ({ style: styles[row] ?? '', text })),
    },
    series,
    time,
  )
}
