import type { Link, Series } from '../../document/report-document.ts'
import { durationText, type TimeFormat } from '../time-format.ts'
import { countText, statusText } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { coordinate, plotFigure, PLOT_HEIGHT } from './plot.ts'

const GOOD_STYLES = ['m-good', 'm-note']
const BAD_STYLES = ['m-bad', 'm-warn', 'm-other', 'm-none']

/** Which answers, over time, as stacked bars; null when they were the same all along. */
export function statusMix(link: Link, series: Series, time: TimeFormat): SafeHtml | null {
  const rows = series.statuses.map(({ status, counts }) => ({
    status,
    counts,
    all: counts.reduce((sum, count) => sum + count, 0),
    good: /^(?:2\d\d|ok)$/.test(status),
  }))
  if (rows.length < 2) return null
  // What is usual at the bottom, failures on top of it.
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
  const words = sorted.map(({ status }) => statusText(status))
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
  return plotFigure(
    {
      title: `Answers per ${durationText(series.bucketMs)}`,
      spoken: `Answers on ${link.name} over time: ${words.join(', ')}`,
      scale: [countText(most), '0'],
      shapes,
      legend: words.map((text, row) => ({ style: styles[row] ?? '', text })),
    },
    series,
    time,
  )
}
