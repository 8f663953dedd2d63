import type {
  Component,
  Link,
  LinkState,
  ReportDocument,
  Role,
} from '../../document/report-document.ts'
import { MARK, ROLE_WORD, STATE_TONE, STATE_WORD } from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { coordinate } from './svg-number.ts'

const BOX = { width: 186, height: 58 }
const COLUMN_GAP = 140
const ROW_GAP = 26
// Beyond this a picture is no picture; the table below it has every link.
const MOST_CLIENTS = 14

/** Left to right: what a client asks for its answers, who asks the hub, what stands between, the hub, what the hub leans on. */
const COLUMN: Readonly<Record<Role, number>> = {
  cdm: 0,
  client: 1,
  unknown: 1,
  balancer: 2,
  hub: 3,
  database: 4,
  broker: 4,
  upstream: 4,
}
const COLUMNS = [0, 1, 2, 3, 4]
// Trouble first, where not everybody has room.
const WORST_FIRST: readonly LinkState[] = [
  'failing',
  'silent',
  'never-seen',
  'degraded',
  'recovered',
  'unknown',
  'serving',
  'healthy-idle',
]

interface Place {
  readonly x: number
  readonly y: number
}

/** The network as a picture, every link with its state in colour, mark and words. */
export function topology(document: ReportDocument): SafeHtml {
  const { shown, hidden } = choose(document)
  const columns = usedColumns(shown)
  const places = place(columns)
  const tallest = Math.max(1, ...columns.map((column) => column.length))
  const width = columns.length * BOX.width + (columns.length - 1) * COLUMN_GAP + 4
  const height = tallest * (BOX.height + ROW_GAP) - ROW_GAP + 8
  const links = document.links.filter((link) => places.has(link.from) && places.has(link.to))
  const hubs = new Set(document.components.filter(({ role }) => role === 'hub').map(({ id }) => id))
  const states = links.map((link) => `${link.name} ${STATE_WORD[link.state]}`).join('; ')
  return html`<figure>
    <svg
      viewBox="0 0 ${width} ${height}"
      width="${width}"
      height="${height}"
      role="img"
      aria-label="${`The network. ${states}`}"
    >
      ${links.map((link) => connection(link, places))}${shown.map((component) => box(component, places))}${links.map((link) => label(link, places, hubs))}
    </svg>
    <figcaption>
      ${hidden > 0 ? `${hidden} more clients, none worse off than these, are not drawn. ` : ''}An
      arrow points at the side that is called; a dashed line is a link without evidence.
    </figcaption>
  </figure>`
}

function choose({ components, links }: ReportDocument): {
  shown: readonly Component[]
  hidden: number
} {
  const rank = (component: Component): number => {
    const ranks = links
      .filter(({ from, to }) => from === component.id || to === component.id)
      .map(({ state }) => WORST_FIRST.indexOf(state))
    return Math.min(WORST_FIRST.length, ...ranks)
  }
  const connected = new Set(links.flatMap(({ from, to }) => [from, to]))
  const candidates = components.filter(({ id }) => connected.has(id))
  const clients = candidates.filter(({ role }) => COLUMN[role] === COLUMN.client)
  const kept = new Set([...clients].toSorted((a, b) => rank(a) - rank(b)).slice(0, MOST_CLIENTS))
  const drawnClients = clients.filter((client) => kept.has(client))
  // A client's own database stands beside it, and is left out with it.
  const ofClients = drawnClients.flatMap(({ id }) =>
    links
      .filter((link) => link.from === id)
      .flatMap((link) => candidates.filter(({ id: to, role }) => role === 'cdm' && to === link.to)),
  )
  const shown = [
    ...new Set([
      ...ofClients,
      ...drawnClients,
      ...candidates.filter(({ role }) => COLUMN[role] > COLUMN.client),
    ]),
  ]
  return { shown, hidden: clients.length - drawnClients.length }
}

function usedColumns(components: readonly Component[]): readonly (readonly Component[])[] {
  return COLUMNS.map((column) => components.filter(({ role }) => COLUMN[role] === column)).filter(
    (column) => column.length > 0,
  )
}

function place(columns: readonly (readonly Component[])[]): ReadonlyMap<string, Place> {
  const tallest = Math.max(1, ...columns.map((column) => column.length))
  const places = new Map<string, Place>()
  columns.forEach((column, index) => {
    const offset = ((tallest - column.length) * (BOX.height + ROW_GAP)) / 2
    column.forEach(({ id }, row) => {
      places.set(id, {
        x: 2 + index * (BOX.width + COLUMN_GAP),
        y: 4 + offset + row * (BOX.height + ROW_GAP),
      })
    })
  })
  return places
}

function box(component: Component, places: ReadonlyMap<string, Place>): SafeHtml | null {
  const at = places.get(component.id)
  if (at === undefined) return null
  const where = component.cluster === null ? '' : ` · ${component.cluster}`
  return html`<g
    ><title>${component.doing}</title
    ><rect
      x="${coordinate(at.x)}"
      y="${coordinate(at.y)}"
      width="${BOX.width}"
      height="${BOX.height}"
      rx="10"
      fill="var(--panel)"
      stroke="var(--line)"
    /><text class="name" x="${coordinate(at.x + 14)}" y="${coordinate(at.y + 25)}"
      >${shorten(component.name, 22)}</text
    ><text x="${coordinate(at.x + 14)}" y="${coordinate(at.y + 43)}"
      >${shorten(ROLE_WORD[component.role] + where, 26)}</text
    ></g
  >`
}

interface Curve {
  readonly from: Place
  readonly to: Place
  /** Where both control points stand. */
  readonly bend: number
  /** 1: the arrow comes in from the left, -1: from the right. */
  readonly heading: 1 | -1
}

function curveOf(link: Link, places: ReadonlyMap<string, Place>): Curve | null {
  const from = places.get(link.from)
  const to = places.get(link.to)
  if (from === undefined || to === undefined) return null
  const half = BOX.height / 2
  if (from.x === to.x) {
    const edge = from.x + BOX.width
    return {
      from: { x: edge, y: from.y + half },
      to: { x: edge, y: to.y + half },
      bend: edge + 46,
      heading: -1,
    }
  }
  const heading = from.x < to.x ? 1 : -1
  const start = { x: from.x + (heading === 1 ? BOX.width : 0), y: from.y + half }
  const end = { x: to.x + (heading === 1 ? 0 : BOX.width), y: to.y + half }
  return { from: start, to: end, bend: (start.x + end.x) / 2, heading }
}

function connection(link: Link, places: ReadonlyMap<string, Place>): SafeHtml | null {
  const curve = curveOf(link, places)
  if (curve === null) return null
  const { from, to, bend, heading } = curve
  const dashed = link.state === 'unknown' || link.state === 'never-seen'
  const tip = `M${coordinate(to.x - 9 * heading)} ${coordinate(to.y - 5)}L${coordinate(to.x)} ${coordinate(to.y)}L${coordinate(to.x - 9 * heading)} ${coordinate(to.y + 5)}`
  return html`<g
    class="${STATE_TONE[link.state]}"
    fill="none"
    stroke="var(--tone)"
    stroke-width="2.5"
    ><title>${link.explanation}</title
    ><path${dashed ? html` stroke-dasharray="5 5"` : null}
      d="M${coordinate(from.x)} ${coordinate(from.y)}C${coordinate(bend)} ${coordinate(from.y)} ${coordinate(bend)} ${coordinate(to.y)} ${coordinate(to.x)} ${coordinate(to.y)}" /><path
      d="${tip}"
  /></g>`
}

function label(
  link: Link,
  places: ReadonlyMap<string, Place>,
  hubs: ReadonlySet<string>,
): SafeHtml | null {
  const curve = curveOf(link, places)
  if (curve === null) return null
  // Close to the outer end, where the lines do not cross each other.
  const { x, y } = pointOn(curve, hubs.has(link.from) ? 0.66 : 0.38)
  const tone = STATE_TONE[link.state]
  const words = `${MARK[tone]} ${STATE_WORD[link.state]}`
  const width = words.length * 6.8 + 16
  return html`<g class="${tone}"
    ><rect
      x="${coordinate(x - width / 2)}"
      y="${coordinate(y - 10)}"
      width="${coordinate(width)}"
      height="20"
      rx="10"
      fill="var(--tone-soft)"
      stroke="var(--paper)"
      stroke-width="2"
    /><text
      x="${coordinate(x)}"
      y="${coordinate(y + 4)}"
      text-anchor="middle"
      style="fill:var(--tone);font-weight:600"
      >${words}</text
    ></g
  >`
}

/** The point of the cubic Bézier curve at `share` of its parameter. */
function pointOn({ from, to, bend }: Curve, share: number): Place {
  const rest = 1 - share
  const outer = rest ** 3
  const first = 3 * rest ** 2 * share
  const second = 3 * rest * share ** 2
  const inner = share ** 3
  return {
    x: outer * from.x + (first + second) * bend + inner * to.x,
    y: (outer + first) * from.y + (second + inner) * to.y,
  }
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
