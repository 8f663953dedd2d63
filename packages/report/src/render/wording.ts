import type {
  Finding,
  Link,
  LinkState,
  Party,
  ReportDocument,
  Role,
  Verdict,
} from '../document/report-document.ts'

/** Words and formats that all renderers share, so that a ticket and a web page say the same thing. */

export const VERDICT_WORD: Readonly<Record<Verdict, string>> = {
  healthy: 'Healthy',
  recovered: 'Recovered',
  degraded: 'Degraded',
  unhealthy: 'Unhealthy',
  unknown: 'Could not tell',
}

export const STATE_WORD: Readonly<Record<LinkState, string>> = {
  'healthy-idle': 'healthy, idle',
  serving: 'serving',
  recovered: 'recovered',
  degraded: 'degraded',
  failing: 'failing',
  silent: 'silent',
  'never-seen': 'never seen',
  unknown: 'unknown',
}

export type Tone = 'good' | 'warn' | 'bad' | 'none' | 'note'

export const VERDICT_TONE: Readonly<Record<Verdict, Tone>> = {
  healthy: 'good',
  recovered: 'warn',
  degraded: 'warn',
  unhealthy: 'bad',
  unknown: 'none',
}

export const STATE_TONE: Readonly<Record<LinkState, Tone>> = {
  'healthy-idle': 'good',
  serving: 'good',
  recovered: 'warn',
  degraded: 'warn',
  failing: 'bad',
  silent: 'bad',
  'never-seen': 'bad',
  unknown: 'none',
}

export const SEVERITY_TONE: Readonly<Record<Finding['severity'], Tone>> = {
  error: 'bad',
  warning: 'warn',
  info: 'note',
}

export const CHECK_TONE = { passed: 'good', failed: 'bad', unknown: 'none' } as const

/** One character per tone, so that nothing is said by colour alone. */
export const MARK: Readonly<Record<Tone, string>> = {
  good: '✓',
  warn: '!',
  bad: '✗',
  none: '?',
  note: 'i',
}

export const ROLE_WORD: Readonly<Record<Role, string>> = {
  client: 'client',
  hub: 'hub',
  database: 'hub database',
  broker: 'broker',
  balancer: 'load balancer',
  upstream: 'upstream',
  cdm: 'OMOP database',
  unknown: 'unknown',
}

const PARTY_WORD: Readonly<Record<Party, string>> = {
  site: 'the site',
  hub: 'the hub',
  network: 'whoever runs the network, proxy or balancer',
  upstream: 'the upstream',
  operator: 'whoever collects these logs',
  nobody: 'nobody',
}

/** Who has to act, by name where the name is known. */
export function actor({ party, partyName }: Pick<Finding, 'party' | 'partyName'>): string {
  if (party === 'nobody' || partyName === null) return PARTY_WORD[party]
  return `${partyName} (${party})`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Formats the instants of one document: the date is left out where all stands on one day, or is not known. */
export class TimeFormat {
  readonly #withDate: boolean

  constructor({ window }: Pick<ReportDocument, 'window'>) {
    const { from, to, dateKnown } = window
    this.#withDate = dateKnown && from !== null && to !== null && day(from) !== day(to)
  }

  /** `06:42:07`, or `26 Sep 06:42:07` in a window of several days; `–` for none. */
  at(instant: string | null): string {
    if (instant === null) return '–'
    const time = instant.slice(11, 19)
    return this.#withDate ? `${shortDay(instant)} ${time}` : time
  }

  /** `06:42` for the axis of a chart. */
  tick(instant: string): string {
    return this.#withDate ? `${shortDay(instant)} ${instant.slice(11, 16)}` : instant.slice(11, 16)
  }
}

/** `26 September 2025, 06:30:00 to 07:00:00 UTC (30 min)`. */
export function windowText({ window }: Pick<ReportDocument, 'window'>): string {
  const { from, to, durationMs, zone, dateKnown } = window
  if (from === null || to === null) return 'no window: nothing could be placed in time'
  const length = `(${durationText(durationMs)})`
  const start = from.slice(11, 19)
  const end = to.slice(11, 19)
  if (!dateKnown) return `${start} to ${end}, date and zone unknown ${length}`
  if (day(from) === day(to)) return `${longDay(from)}, ${start} to ${end} ${zone} ${length}`
  return `${longDay(from)}, ${start} to ${longDay(to)}, ${end} ${zone} ${length}`
}

function day(instant: string): string {
  return instant.slice(0, 10)
}

function shortDay(instant: string): string {
  return `${Number(instant.slice(8, 10))} ${MONTHS[Number(instant.slice(5, 7)) - 1] ?? ''}`
}

function longDay(instant: string): string {
  return `${shortDay(instant)} ${instant.slice(0, 4)}`
}

/** `3 min 4 s`, `132 ms`, `1 h 20 min`: the two largest units. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${trim(ms, ms < 10 ? 1 : 0)} ms`
  if (ms < 10_000) return `${trim(ms / 1000, 1)} s`
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`
  if (ms < HOUR_MS) return pair(ms, MINUTE_MS, 'min', 1000, 's')
  if (ms < DAY_MS) return pair(ms, HOUR_MS, 'h', MINUTE_MS, 'min')
  return pair(ms, DAY_MS, 'd', HOUR_MS, 'h')
}

/** `+47 ms`; `−215 ms` where a clock that is off puts a step before the first one. */
export function sinceText(ms: number): string {
  return ms < 0 ? `−${durationText(-ms)}` : `+${durationText(ms)}`
}

function pair(ms: number, large: number, largeUnit: string, small: number, smallUnit: string) {
  const wholes = Math.round(ms / small) * small
  const rest = Math.floor((wholes % large) / small)
  const first = `${Math.floor(wholes / large)} ${largeUnit}`
  return rest === 0 ? first : `${first} ${rest} ${smallUnit}`
}

function trim(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, '')
}

const integer = new Intl.NumberFormat('en-GB')

export function countText(value: number): string {
  return integer.format(value)
}

export function percentText(rate: number | null): string {
  if (rate === null) return '–'
  // 99.96 % must not read as 100 %.
  if (rate < 1 && rate > 0.999) return '> 99.9 %'
  return `${trim(rate * 100, 1)} %`
}

/** `06:42:07 to 06:59:52 (17 min 45 s)`, or one time, or `–`. */
export function spanText(finding: Finding, time: TimeFormat): string {
  const { first, last, durationMs, status } = finding
  if (first === null) return '–'
  if (last === null || last === first) return time.at(first)
  const length = durationMs === null ? '' : ` (${durationText(durationMs)})`
  const still = status === 'ongoing' ? ', and going on' : ''
  return `${time.at(first)} to ${time.at(last)}${length}${still}`
}

/** Names by component and link id, for texts that refer to them. */
export class Names {
  readonly #components: ReadonlyMap<string, string>
  readonly #links: ReadonlyMap<string, Link>

  constructor({ components, links }: Pick<ReportDocument, 'components' | 'links'>) {
    this.#components = new Map(components.map(({ id, name }) => [id, name]))
    this.#links = new Map(links.map((link) => [link.id, link]))
  }

  component(id: string | null): string {
    return id === null ? '–' : (this.#components.get(id) ?? id)
  }

  link(id: string | null): string {
    return id === null ? '–' : (this.#links.get(id)?.name ?? id)
  }
}
