import type {
  Component,
  Finding,
  Latency,
  Link,
  LinkState,
  LinkView,
  ReportDocument,
  Verdict,
} from '../document/report-document.ts'
import type { Party } from '../vocabulary/judgement.ts'
import type { Role } from '../vocabulary/role.ts'
import {
  formatCause,
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
} from '../vocabulary/figures.ts'
import type { TimeFormat } from './time-format.ts'

/** Labels and phrases that all renderers share, so that a ticket and a web page use the same words. */

export const VERDICT_LABEL: Readonly<Record<Verdict, string>> = {
  healthy: 'Healthy',
  recovered: 'Recovered',
  degraded: 'Degraded',
  unhealthy: 'Unhealthy',
  unknown: 'Unknown',
}

export const STATE_LABEL: Readonly<Record<LinkState, string>> = {
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

/** One character per tone: colour is never the only sign. */
export const MARK: Readonly<Record<Tone, string>> = {
  good: '✓',
  warn: '!',
  bad: '✗',
  none: '?',
  note: 'i',
}

export const ROLE_LABEL: Readonly<Record<Role, string>> = {
  client: 'client',
  relay: 'relay',
  database: 'relay database',
  broker: 'broker',
  'load-balancer': 'load balancer',
  upstream: 'upstream',
  cdm: 'OMOP database',
  unknown: 'unknown',
}

/** What p95 means, and why a relay's may be far below that of its clients. */
export function formatP95Note({ components }: Pick<ReportDocument, 'components'>): string {
  const note = 'p95: 95% of the exchanges took this long or less.'
  return components.some(({ program }) => program === 'Warren relay')
    ? `${note} Times in the relay log do not include the time for which a poll was held.`
    : note
}

/** How log lines are quoted, so that a reader knows whether the report may be passed on. */
export const QUOTES_NOTE: Readonly<Record<ReportDocument['quotes'], string>> = {
  known:
    'Quoted lines contain only words and values of known log lines; … replaces the rest. Credentials, tokens and collection IDs are masked.',
  full: 'Quoted lines are complete (--quote full): only credentials, tokens and personal data that were recognised are masked. Do not pass this report on unread.',
}

export const SEEN_IN_LABEL: Readonly<Record<Component['seenIn'], string>> = {
  'own-log': 'its own log',
  'other-logs': 'other logs',
  expectation: 'list of expected clients',
}

/** Singular and plural, for counts. */
const ROLE_NOUN: Readonly<Record<Role, readonly [one: string, many: string]>> = {
  client: ['client', 'clients'],
  relay: ['relay', 'relays'],
  database: ['relay database', 'relay databases'],
  broker: ['broker', 'brokers'],
  'load-balancer': ['load balancer', 'load balancers'],
  upstream: ['upstream', 'upstreams'],
  cdm: ['OMOP database', 'OMOP databases'],
  unknown: ['component of unknown role', 'components of unknown role'],
}

const PARTY_LABEL: Readonly<Record<Party, string>> = {
  site: 'the site',
  hub: 'the hub',
  network: 'the network operator',
  upstream: 'the upstream',
  operator: 'the person who collected the logs',
  none: 'no one',
}

/** Who must act, by name if it is known. */
export function formatParty({ party, partyName }: Pick<Finding, 'party' | 'partyName'>): string {
  if (party === 'none' || partyName === null) return PARTY_LABEL[party]
  return `${partyName} (${party})`
}

const STATUS_NOTE: Readonly<Record<string, string>> = {
  '200': 'OK',
  '201': 'created',
  '204': 'no task',
  '400': 'bad request',
  '401': 'rejected',
  '403': 'forbidden',
  '404': 'not found',
  '409': 'conflict',
  '413': 'too large',
  '429': 'too many requests',
  '460': 'client disconnected',
  '499': 'client disconnected',
  '500': 'server error',
  '502': 'bad gateway',
  '503': 'unavailable',
  '504': 'gateway timeout',
}

/** `204 (no task)`, `name resolution`. */
export function formatStatus(status: string): string {
  const note = STATUS_NOTE[status]
  return note === undefined ? formatCause(status) : `${status} (${note})`
}

/** `90: 70 × 204 (no task), 20 × 401 (rejected)`; without the total if there is only one status. */
export function formatExchanges({ exchanges, statuses, unanswered }: LinkView): string {
  const parts = statuses.map(
    ({ status, count }) => `${formatNumber(count)} × ${formatStatus(status)}`,
  )
  const lost = unanswered > 0 ? `, ${formatNumber(unanswered)} without a response in the log` : ''
  const alone = parts.length === 1 && statuses[0]?.count === exchanges
  return `${alone ? '' : `${formatNumber(exchanges)}: `}${parts.join(', ')}${lost}`
}

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

/** 0 is the worst state. */
export function stateRank(state: LinkState): number {
  return WORST_FIRST.indexOf(state)
}

/** Links by state; links with the same state stay in the order of the document. */
export function worstFirst(links: readonly Link[]): readonly Link[] {
  return links.toSorted((a, b) => stateRank(a.state) - stateRank(b.state))
}

/** The side with the lowest success rate; if none saw a failure, the relay, whose log is the most complete. */
export function mostAffectedView({ views }: Pick<Link, 'views'>): LinkView | undefined {
  const [worst] = views.toSorted((a, b) => (a.successRate ?? 1) - (b.successRate ?? 1))
  return worst === undefined || (worst.successRate ?? 1) === 1
    ? (views.find(({ side }) => side === 'relay') ?? views[0])
    : worst
}

/** `30 clients and 1 relay. Components with their own log: 3 of 31.` */
export function componentSummary(components: readonly Component[]): string {
  const counts = Map.groupBy(components, ({ role }) => role)
  const roles = [...counts].map(([role, { length }]) => formatCount(length, ...ROLE_NOUN[role]))
  const own = components.filter(({ seenIn }) => seenIn === 'own-log').length
  return `${formatList(roles, 10)}. Components with their own log: ${formatNumber(own)} of ${formatNumber(components.length)}.`
}

/** `a, b and c`; `a, b, c and 26 more`. */
export function formatList(items: readonly string[], max = 6): string {
  const shown = items.slice(0, max)
  const rest = items.length - shown.length
  const last = rest > 0 ? `${formatNumber(rest)} more` : (shown.pop() ?? '')
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}

export function formatRate(rate: number | null): string {
  return rate === null ? '–' : formatPercent(rate)
}

/** `from 06:42:07 to 06:59:52 (17 min 45 s), ongoing`, or `at 06:42:07` for a single instant. */
function formatSpan(finding: Finding, first: string, time: TimeFormat): string {
  const { recoveredAt, durationMs, status } = finding
  const last = recoveredAt ?? finding.last
  const end = status === 'ongoing' ? ', ongoing' : recoveredAt === null ? '' : ', then recovered'
  const span = time.span(first, last ?? first)
  const length =
    durationMs === null || span.startsWith('at') ? '' : ` (${formatDuration(durationMs)})`
  return `${span}${length}${end}`
}

/** How often and when: `20 times, from 06:42:07 to 06:59:52 (17 min 45 s), ongoing`. Null for a finding without a time. */
export function formatOccurrences(finding: Finding, time: TimeFormat): string | null {
  const { count, first } = finding
  if (first === null) return null
  const often = count < 2 ? '' : count === 2 ? 'twice, ' : `${formatNumber(count)} times, `
  return `${often}${formatSpan(finding, first, time)}`
}

/** A latency, or what is known of it if the log has whole seconds only. */
export function formatLatency(latency: Latency | null, key: 'p50Ms' | 'p95Ms' | 'maxMs'): string {
  if (latency === null) return '–'
  const { resolutionMs } = latency
  if (resolutionMs < 1_000) return formatDuration(latency[key])
  return latency[key] < resolutionMs ? 'under 1 s' : `about ${formatDuration(latency[key])}`
}

/** Looks up the names of components and links by ID. */
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
