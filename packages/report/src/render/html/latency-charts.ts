import type { Link, Series } from '../../document/report-document.ts'
import { formatDuration } from '../../vocabulary/figures.ts'
import { type TimeFormat } from '../time-format.ts'
import { html, type SafeHtml } from './html-template.ts'
import { coordinate, renderPlot, PLOT_HEIGHT } from './plot.ts'

interface Band {
  readonly name: string
  readonly style: string
  readonly median: readonly (number | null)[]
  readonly high: readonly (number | null)[]
  readonly most: number
}

// If one side takes this many times as long as the other, each gets its own chart: in a shared one the lower band would be flat.
const MAX_RATIO = 5

/** Response time over time, for each side with data; no chart if it was constant. */
export function renderLatencyCharts(
  link: Link,
  series: Series,
  time: TimeFormat,
): readonly SafeHtml[] {
  const bands = [
    band('relay log', 's1', series.relayP50Ms, series.relayP95Ms),
    band(
      `client log${isCoarse(link) ? ' (whole seconds)' : ''}`,
      's2',
      series.clientP50Ms,
      series.clientP95Ms,
    ),
  ].filter(({ most }) => most > 0)
  if (bands.every((one) => isFlat(one))) return []
  const [one, other] = bands
  const apart =
    one !== undefined &&
    other !== undefined &&
    Math.max(one.most, other.most) > MAX_RATIO * Math.min(one.most, other.most)
  const charts = apart ? bands.filter((each) => !isFlat(each)).map((each) => [each]) : [bands]
  return charts.map((shown) => chart(link, shown, series, time))
}

/** The log of the client has times of whole seconds only. */
function isCoarse({ views }: Link): boolean {
  return views.some(
    ({ side, latency }) => side === 'client' && (latency?.resolutionMs ?? 1) >= 1_000,
  )
}

function band(
  name: string,
  style: string,
  median: readonly (number | null)[],
  high: readonly (number | null)[],
): Band {
  return { name, style, median, high, most: Math.max(0, ...high.map((value) => value ?? 0)) }
}

function isFlat({ median, high }: Band): boolean {
  return new Set([...median, ...high].filter((value) => value !== null)).size <= 1
}

function chart(link: Link, bands: readonly Band[], series: Series, time: TimeFormat): SafeHtml {
  const most = Math.max(...bands.map((one) => one.most))
  const top = niceCeiling(most)
  const y = (value: number): number => PLOT_HEIGHT * (1 - value / top)
  return renderPlot(
    {
      title: 'Response time',
      altText: `Response time on ${link.name}: ${bands.map((one) => `${one.name} at most ${formatDuration(one.most)}`).join(', ')}`,
      scale: [formatDuration(top), formatDuration(top / 2), '0'],
      shapes: [
        html`<path class="grid" d="M0 0H${series.state.length}M0 50H${series.state.length}" />`,
        ...bands.map(
          ({ style, median, high }) =>
            html`<path class="band ${style}" d="${area(median, high, y)}" /><path
                class="line ${style}"
                d="${line(median, y)}"
              />`,
        ),
      ],
      legend: bands.map(({ name, style }) => ({
        style,
        text: `${name}: median (line) to p95 (area)`,
      })),
    },
    series,
    time,
  )
}

/** Runs of values without a gap, each value with its index. */
function runsOf(values: readonly (number | null)[]): [number, number][][] {
  const found: [number, number][][] = []
  let open: [number, number][] | undefined
  values.forEach((value, index) => {
    if (value === null) open = undefined
    else if (open === undefined) found.push((open = [[index, value]]))
    else open.push([index, value])
  })
  return found
}

function line(values: readonly (number | null)[], y: (value: number) => number): string {
  return runsOf(values)
    .map((points) => {
      const path = points.filter(isBend).map(([index, value]) => at(index, y(value)))
      // A single value between gaps is drawn as a dot: a line of length 0 with round ends.
      return `M${path.join('L')}${points.length === 1 ? 'h0' : ''}`
    })
    .join('')
}

function area(
  low: readonly (number | null)[],
  high: readonly (number | null)[],
  y: (value: number) => number,
): string {
  return runsOf(high)
    .map((points) => {
      const above = points.filter(isBend).map(([index, value]) => at(index, y(value)))
      const under = points
        .map(([index, value]): [number, number] => [index, low[index] ?? value])
        .filter(isBend)
        .map(([index, value]) => at(index, y(value)))
      return `M${[...above, ...under.toReversed()].join('L')}Z`
    })
    .join('')
}

/** False for points inside a horizontal line: they can be omitted. */
function isBend(
  [, value]: [number, number],
  index: number,
  all: readonly [number, number][],
): boolean {
  return all[index - 1]?.[1] !== value || all[index + 1]?.[1] !== value
}

function at(index: number, y: number): string {
  return `${coordinate(index + 0.5)} ${coordinate(y)}`
}

/** The next of 1, 2, 5 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 5, 10].find((candidate) => value <= candidate * power) ?? 10
  return factor * power
}
