import type { Series } from '../../document/report-document.ts'
import type { TimeFormat } from '../time-format.ts'
import { html, type SafeHtml } from './html-template.ts'

/** Units of a plot from top to bottom; from left to right one unit is one bucket of the series. */
export const PLOT_HEIGHT = 100

export interface Plot {
  readonly title: string
  /** The picture in a sentence, for those who do not see it. */
  readonly spoken: string
  /** From top to bottom. */
  readonly scale: readonly string[]
  readonly shapes: SafeHtml | readonly SafeHtml[]
  readonly legend: readonly { readonly style: string; readonly text: string }[]
}

/**
 * A chart over the time of a series. Only its shapes are drawn in SVG, and stretched to the width there is; all words are text
 * of the page, so that they can be read on a telephone too.
 */
export function plotFigure(plot: Plot, series: Series, time: TimeFormat): SafeHtml {
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
        aria-label="${plot.spoken}"
      >
        ${plot.shapes}
      </svg>
      ${timeAxis(series, time)}
    </div>
  </figure>`
}

/** Round times below a plot. */
export function timeAxis(series: Series, time: TimeFormat, most?: number): SafeHtml {
  const ticks = time.ticks(Date.parse(series.from), series.bucketMs * series.state.length, most)
  return html`<div class="axis" aria-hidden="true">
    ${ticks.map(({ share, text }) => html`<span style="left:${coordinate(share * 100)}%">${text}</span>`)}
  </div>`
}

/** A coordinate: short, and the same on every machine. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10)
}

export function instantOf(series: Series, bucket: number): string {
  return new Date(Date.parse(series.from) + bucket * series.bucketMs).toISOString()
}
