import type { Series } from '../../document/report-document.ts'
import type { TimeFormat } from '../time-format.ts'
import { html, type SafeHtml } from './html-template.ts'

/** Height of a plot in units. Horizontally, one unit is one bucket of the series. */
export const PLOT_HEIGHT = 100

export interface Plot {
  readonly title: string
  /** One sentence for screen readers. */
  readonly altText: string
  /** From top to bottom. */
  readonly scale: readonly string[]
  readonly shapes: SafeHtml | readonly SafeHtml[]
  readonly legend: readonly { readonly style: string; readonly text: string }[]
}

/**
 * A chart over the time range of a series. Only its shapes are SVG, which stretches to the available width. Labels are HTML, so
 * that they stay readable on a phone.
 */
export function renderPlot(plot: Plot, series: Series, time: TimeFormat): SafeHtml {
  return html`<figure class="plot">
    <figcaption>
      ${plot.title}
      <ul class="legend">
        ${plot.legend.map(({ style, text }) => html`<li><i class="${style}"></i>${text}</li>`)}
      </ul>
    </figcaption>
    <div class="frame">
      <div class="scale" aria-hidden="true">
        ${plot.scale.map((text) => html`<span>${text}</span>`)}
      </div>
      <svg
        viewBox="0 0 ${series.state.length} ${PLOT_HEIGHT}"
        preserveAspectRatio="none"
        role="img"
        aria-label="${plot.altText}"
      >
        ${plot.shapes}
      </svg>
      ${renderTimeAxis(series, time)}
    </div>
  </figure>`
}

/** Times below a plot. */
export function renderTimeAxis(series: Series, time: TimeFormat, max?: number): SafeHtml {
  const ticks = time.ticks(Date.parse(series.from), series.bucketMs * series.state.length, max)
  return html`<div class="axis" aria-hidden="true">
    ${ticks.map(({ share, text }) => html`<span style="left:${coordinate(share * 100)}%">${text}</span>`)}
  </div>`
}

/** A coordinate with one decimal, the same on every machine. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10)
}

export function instantOf(series: Series, bucket: number): string {
  return new Date(Date.parse(series.from) + bucket * series.bucketMs).toISOString()
}
