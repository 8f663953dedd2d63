import type { Component, Link, LinkState, ReportDocument } from '../../document/report-document.ts'
import type { Role } from '../../vocabulary/role.ts'
import { formatCount } from '../../vocabulary/figures.ts'
import {
  MARK,
  ROLE_LABEL,
  STATE_TONE,
  STATE_LABEL,
  stateRank,
  formatList,
  worstFirst,
} from '../wording.ts'
import { html, type SafeHtml } from './html-template.ts'
import { pill, scrolling } from './page-context.ts'
import { coordinate } from './plot.ts'

const BOX = { width: 176, height: 52 }
const COLUMN_GAP = 124
const ROW_GAP = 20
// Further clients share one box.
const MAX_CLIENTS = 5
/** Links in the list that replaces the picture on a narrow screen. */
const MAX_LISTED = 6

/** Left to right: OMOP databases, clients, load balancers, relays, services that a relay uses. */
const COLUMN: Readonly<Record<Role, number>> = {
  cdm: 0,
  client: 1,
  unknown: 1,
  'load-balancer': 2,
  relay: 3,
  database: 4,
  broker: 4,
  upstream: 4,
}
const COLUMNS = [0, 1, 2, 3, 4]
const REST = 'rest'

interface Box {
  readonly id: string
  readonly column: number
  readonly name: string
  readonly below: string
  readonly title: string
}

interface Wire {
  readonly from: string
  readonly to: string
  readonly state: LinkState
  readonly title: string
  /** Starts at the relay. */
  readonly outward: boolean
}

interface Place {
  readonly x: number
  readonly y: number
}

/** The network as a picture. Each link shows its state as a colour, a mark and a label. */
export function renderNetworkPicture(document: ReportDocument): SafeHtml {
  const { boxes, wires } = pictureOf(document)
  const columns = COLUMNS.map((column) => boxes.filter((box) => box.column === column)).filter(
    (column) => column.length > 0,
  )
  const places = place(columns)
  const tallest = Math.max(1, ...columns.map((column) => column.length))
  const width = columns.length * BOX.width + (columns.length - 1) * COLUMN_GAP + 4
  const height = tallest * (BOX.height + ROW_GAP) - ROW_GAP + 8
  const states = wires.map(({ title, state }) => `${title} ${STATE_LABEL[state]}`).join('; ')
  const svg = html`<svg
    class="topology"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    role="img"
    aria-label="${`The network. ${states}`}"
  >
    ${wires.map((wire) => renderWire(wire, places))}${boxes.map((box) => renderBox(box, places))}${wires.map((wire) => renderLabel(wire, places))}
  </svg>`
  return html`<figure class="map">
    ${scrolling('The network', svg)} ${renderWireList(document.links)}
    <figcaption>
      Arrows point to the side that accepts the connection. A dashed line is a link without
      evidence.
    </figcaption>
  </figure>`
}

/** The links with their states, worst first: a phone is too narrow for the picture. */
function renderWireList(links: readonly Link[]): SafeHtml {
  // Of the links in the same state, those of services first: there are few of them.
  const ordered = [false, true].flatMap((isPoll) =>
    links.filter(({ kind }) => (kind === 'poll') === isPoll),
  )
  const listed = worstFirst(ordered).slice(0, MAX_LISTED)
  const more = links.length - listed.length
  return html`<ul class="wires">
    ${listed.map(({ name, state }) => html`<li>${name} ${pill(STATE_TONE[state], STATE_LABEL[state])}</li>`)}
    ${more > 0 ? html`<li><a href="#flow">and ${formatCount(more, 'more link')}</a></li>` : null}
  </ul>`
}

function pictureOf({ components, links }: ReportDocument): {
  readonly boxes: readonly Box[]
  readonly wires: readonly Wire[]
} {
  const connected = new Set(links.flatMap(({ from, to }) => [from, to]))
  const candidates = components.filter(({ id }) => connected.has(id))
  const clients = candidates.filter(({ role }) => COLUMN[role] === COLUMN.client)
  const rank = ({ id }: Component): number =>
    Math.min(...links.filter(({ from }) => from === id).map(({ state }) => stateRank(state)))
  const room = clients.length > MAX_CLIENTS ? MAX_CLIENTS - 1 : MAX_CLIENTS
  const drawn = new Set(clients.toSorted((a, b) => rank(a) - rank(b)).slice(0, room))
  const rest = clients.filter((client) => !drawn.has(client))
  const restIds = new Set(rest.map(({ id }) => id))
  // OMOP databases of clients that are not drawn are not drawn either.
  const behindRest = ({ id }: Component): boolean =>
    links.filter(({ to }) => to === id).every(({ from }) => restIds.has(from))
  const boxes = candidates
    .filter((one) => !restIds.has(one.id) && !(one.role === 'cdm' && behindRest(one)))
    .map((one) => boxOf(one))
  if (rest.length > 0) boxes.push(boxOfRest(rest, links))
  const known = new Set(boxes.map(({ id }) => id))
  const loadBalancers = candidates.filter(({ role }) => role === 'load-balancer')
  const relays = new Set(candidates.filter(({ role }) => role === 'relay').map(({ id }) => id))
  // Through the load balancer if its log contains the client.
  const target = (link: Link): string =>
    link.views.some(({ side }) => side === 'load-balancer') && link.kind === 'poll'
      ? (loadBalancers[0]?.id ?? link.to)
      : link.to
  const wires = links
    .filter(({ from }) => !restIds.has(from))
    .map((link) => ({
      from: link.from,
      to: target(link),
      state: link.state,
      title: link.name,
      outward: relays.has(link.from),
    }))
    .filter(({ from, to }) => known.has(from) && known.has(to))
  const [first] = links
    .filter(({ from, kind }) => restIds.has(from) && kind === 'poll')
    .toSorted((a, b) => stateRank(a.state) - stateRank(b.state))
  if (first !== undefined)
    wires.push({
      from: REST,
      to: target(first),
      state: first.state,
      title: `${formatCount(rest.length, 'more client')}, at worst`,
      outward: false,
    })
  return { boxes, wires }
}

function boxOf({ id, role, name, cluster, activity }: Component): Box {
  const where = cluster === null || cluster === name || cluster === role ? '' : ` · ${cluster}`
  return { id, column: COLUMN[role], name, below: `${ROLE_LABEL[role]}${where}`, title: activity }
}

function boxOfRest(rest: readonly Component[], links: readonly Link[]): Box {
  const ids = new Set(rest.map(({ id }) => id))
  // Worst state first, because the end of a long text is cut off.
  const states = Map.groupBy(
    worstFirst(links.filter(({ from, kind }) => ids.has(from) && kind === 'poll')),
    ({ state }) => state,
  )
  return {
    id: REST,
    column: COLUMN.client,
    name: formatCount(rest.length, 'more client'),
    below: formatList([...states].map(([state, all]) => `${all.length} ${STATE_LABEL[state]}`)),
    title: rest.map(({ name }) => name).join(', '),
  }
}

function place(columns: readonly (readonly Box[])[]): ReadonlyMap<string, Place> {
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

function renderBox(box: Box, places: ReadonlyMap<string, Place>): SafeHtml | null {
  const at = places.get(box.id)
  if (at === undefined) return null
  return html`<g
    ><title>${box.name}. ${box.title}</title
    ><rect
      x="${coordinate(at.x)}"
      y="${coordinate(at.y)}"
      width="${BOX.width}"
      height="${BOX.height}"
      rx="10"
      fill="var(--panel)"
      stroke="var(--line)"
    /><text class="name" x="${coordinate(at.x + 14)}" y="${coordinate(at.y + 22)}"
      >${shorten(box.name, 21)}</text
    ><text x="${coordinate(at.x + 14)}" y="${coordinate(at.y + 40)}"
      >${shorten(box.below, 25)}</text
    ></g
  >`
}

interface Curve {
  readonly from: Place
  readonly to: Place
  /** x of both control points. */
  readonly bend: number
  /** 1: the arrow arrives from the left, -1: from the right. */
  readonly heading: 1 | -1
}

function curveOf(wire: Wire, places: ReadonlyMap<string, Place>): Curve | null {
  const from = places.get(wire.from)
  const to = places.get(wire.to)
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

function renderWire(wire: Wire, places: ReadonlyMap<string, Place>): SafeHtml | null {
  const curve = curveOf(wire, places)
  if (curve === null) return null
  const { from, to, bend, heading } = curve
  const dashed = wire.state === 'unknown' || wire.state === 'never-seen'
  const tip = `M${coordinate(to.x - 9 * heading)} ${coordinate(to.y - 5)}L${coordinate(to.x)} ${coordinate(to.y)}L${coordinate(to.x - 9 * heading)} ${coordinate(to.y + 5)}`
  return html`<g
    class="${STATE_TONE[wire.state]}"
    fill="none"
    stroke="var(--tone)"
    stroke-width="2.5"
    ><title>${wire.title}: ${STATE_LABEL[wire.state]}</title
    ><path${dashed ? html` stroke-dasharray="5 5"` : null}
      d="M${coordinate(from.x)} ${coordinate(from.y)}C${coordinate(bend)} ${coordinate(from.y)} ${coordinate(bend)} ${coordinate(to.y)} ${coordinate(to.x)} ${coordinate(to.y)}" /><path
      d="${tip}"
  /></g>`
}

function renderLabel(wire: Wire, places: ReadonlyMap<string, Place>): SafeHtml | null {
  const curve = curveOf(wire, places)
  if (curve === null) return null
  // Near the outer end, where lines do not cross.
  const { x: onCurve, y } = pointOn(curve, wire.outward ? 0.66 : 0.38)
  const tone = STATE_TONE[wire.state]
  const words = `${MARK[tone]} ${STATE_LABEL[wire.state]}`
  const width = words.length * 6.8 + 16
  // Keep the label between the boxes.
  const [left, right] = [curve.from.x, curve.to.x].toSorted((one, other) => one - other)
  const x =
    left === undefined || right === undefined || right - left < width
      ? onCurve
      : Math.min(Math.max(onCurve, left + width / 2), right - width / 2)
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

function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`
}
