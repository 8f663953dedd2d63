import type {
  Component,
  Finding,
  Link,
  LinkState,
  LinkView,
  Party,
  ReportDocument,
  Role,
  Verdict,
} from '../document/report-document.ts'
import { durationText, trim } from './time-format.ts'
import type { TimeFormat } from './time-format.ts'

/** Words that all renderers share, so that a ticket and a web page say the same thing. */

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
  relay: 'relay',
  database: 'relay database',
  broker: 'broker',
  'load-balancer': 'load balancer',
  upstream: 'upstream',
  cdm: 'OMOP database',
  unknown: 'unknown',
}

export const SEEN_WORD: Readonly<Record<Component['seenIn'], string>> = {
  'own-log': 'its own log',
  'other-logs': 'other logs',
  expectation: 'the list only',
}

const ROLES_WORD: Readonly<Record<Role, string>> = {
  client: 'clients',
  relay: 'relays',
  database: 'relay databases',
  broker: 'brokers',
  'load-balancer': 'load balancers',
  upstream: 'upstreams',
  cdm: 'OMOP databases',
  unknown: 'of unknown role',
}

const PARTY_WORD: Readonly<Record<Party, string>> = {
  site: 'the site',
  hub: 'the relay',
  network: 'whoever runs the network, proxy or balancer',
  upstream: 'the upstream',
  operator: 'whoever collects these logs',
  none: 'none',
}

/** Who has to act, by name where the name is known. */
export function actor({ party, partyName }: Pick<Finding, 'party' | 'partyName'>): string {
  if (party === 'none' || partyName === null) return PARTY_WORD[party]
  return `${partyName} (${party})`
}

// What a number alone does not tell everybody.
const STATUS_NOTE: Readonly<Record<string, string>> = {
  '200': 'with content',
  '204': 'nothing to do',
  '400': 'bad request',
  '401': 'not let in',
  '403': 'forbidden',
  '404': 'not found',
  '429': 'too often',
  '460': 'client left',
  '499': 'client left',
  '500': 'server error',
  '502': 'bad gateway',
  '503': 'unavailable',
  '504': 'gateway timeout',
}

/** `204 (nothing to do)`, `name resolution`. */
export function statusText(status: string): string {
  const note = STATUS_NOTE[status]
  return note === undefined ? status.replaceAll('-', ' ') : `${status} (${note})`
}

/** `90: 70 × 204 (nothing to do), 20 × 401 (not let in)`; of one status only its count. */
export function exchangesText({ exchanges, statuses, unanswered }: LinkView): string {
  const parts = statuses.map(({ status, count }) => `${countText(count)} × ${statusText(status)}`)
  const lost = unanswered > 0 ? `, ${countText(unanswered)} without an answer in the log` : ''
  const alone = parts.length === 1 && statuses[0]?.count === exchanges
  return `${alone ? '' : `${countText(exchanges)}: `}${parts.join(', ')}${lost}`
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

/** How bad a state is, 0 the worst. */
export function badness(state: LinkState): number {
  return WORST_FIRST.indexOf(state)
}

/** Trouble first; links of one state as the document has them. */
export function worstFirst(links: readonly Link[]): readonly Link[] {
  return links.toSorted((a, b) => badness(a.state) - badness(b.state))
}

/** The side that tells most about a link: the one that saw most of it fail, else the relay, which sees the most. */
export function tellingView({ views }: Pick<Link, 'views'>): LinkView | undefined {
  const [worst] = views.toSorted((a, b) => (a.successRate ?? 1) - (b.successRate ?? 1))
  return worst === undefined || (worst.successRate ?? 1) === 1
    ? (views.find(({ side }) => side === 'relay') ?? views[0])
    : worst
}

/** The findings somebody has to act on, the first few of them. */
export function urgent(
  findings: readonly Finding[],
  most = 5,
): { readonly shown: readonly Finding[]; readonly more: number } {
  const all = findings.filter(({ severity, party }) => severity !== 'info' && party !== 'none')
  return { shown: all.slice(0, most), more: Math.max(0, all.length - most) }
}

/** `30 clients, a relay, a broker and a database.` */
export function rollCall(components: readonly Component[]): string {
  const counts = Map.groupBy(components, ({ role }) => role)
  const words = [...counts].map(([role, those]) =>
    those.length === 1 ? `1 ${ROLE_WORD[role]}` : `${those.length} ${ROLES_WORD[role]}`,
  )
  const own = components.filter(({ seenIn }) => seenIn === 'own-log').length
  return `${enumerated(words, 10)}; ${own} of ${components.length} known from ${own === 1 ? 'its' : 'their'} own log.`
}

/** `a, b and c`; `a, b, c and 26 more`. */
export function enumerated(words: readonly string[], most = 6): string {
  const shown = words.slice(0, most)
  const rest = words.length - shown.length
  const last = rest > 0 ? `${rest} more` : (shown.pop() ?? '')
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
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

/** `06:42:07 to 06:59:52 (17 min 45 s), and going on`, or one time; what is over ends with what worked again. */
function spanText(finding: Finding, time: TimeFormat): string {
  const { first, durationMs, status } = finding
  const last = finding.recoveredAt ?? finding.last
  if (first === null) return ''
  const still =
    status === 'ongoing'
      ? ', and going on'
      : finding.recoveredAt === null
        ? ''
        : ', then it worked again'
  if (last === null || time.at(last) === time.at(first)) return `at ${time.at(first)}${still}`
  const length = durationMs === null ? '' : ` (${durationText(durationMs)})`
  return `${time.at(first)} to ${time.at(last)}${length}${still}`
}

/** How often and when: `20 ×, 06:42:07 to 06:59:52 (17 min 45 s), and going on`. */
export function seenText(finding: Finding, time: TimeFormat): string {
  const often = finding.count > 1 ? `${countText(finding.count)} ×` : ''
  return [often, spanText(finding, time)].filter((part) => part !== '').join(', ') || '–'
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
