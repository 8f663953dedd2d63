import type { NetworkLink } from '../network/topology.ts'
import { titleOf } from '../findings/raw-finding.ts'
import {
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatTime,
  roundLatency,
} from '../vocabulary/figures.ts'
import { holdsPolls } from '../findings/limits.ts'
import type { RawFinding } from '../findings/raw-finding.ts'
import { mainView } from '../findings/silences.ts'
import type { SideView } from '../timeline/side-view.ts'
import { latencyOf } from './latency.ts'
import type { LinkState, LinkView } from './report-document.ts'

/** Why the link has this state. Names the log of every figure, because the logs of two sides may differ. */
export function explainState(
  link: NetworkLink,
  state: LinkState,
  findings: readonly RawFinding[],
): string {
  const [main, ...others] = sidesToShow(link)
  const worst = findings.find(({ severity }) => severity !== 'info')
  const cause =
    worst === undefined ? '' : worst.link === link ? worst.why : `Affected by: ${titleOf(worst)}.`
  if (main === undefined) return cause === '' ? 'No line in any log shows this link.' : cause
  const end =
    worst === undefined && state === 'unknown'
      ? ` until ${formatTime(main.view.last)}. No log covers the time after that`
      : `${formatPollInterval(link, main.view)}${formatP95(link, main.view)}`
  const [, logs = '', rest = ''] = /^([\w ,]+ log): (.*)$/s.exec(cause) ?? []
  const named = logs.toLowerCase().split(/, | and /)
  const unnamed = others.filter(({ side }) => !named.includes(logOf(side)))
  const agreeing = unnamed.filter(({ view }) => hasSameCounts(view, main.view))
  const differing = unnamed.filter((side) => !agreeing.includes(side))
  const continuesMain = unnamed.length === 0 && named.join() === logOf(main.side)
  return [
    `${capitalised(logOf(main.side))}: ${formatSuccess(link, main)}${end}.`,
    ...differing.map((side) => `${capitalised(logOf(side.side))}: ${formatSuccess(link, side)}.`),
    agreeing.length === 0
      ? ''
      : `Same counts in the ${agreeing.map(({ side }) => logOf(side)).join(' and the ')}.`,
    continuesMain ? capitalised(rest) : cause,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

/** `load balancer log`. */
function logOf(side: LinkView['side']): string {
  return `${side.replace('-', ' ')} log`
}

function capitalised(text: string): string {
  return text.replace(/^./, (letter) => letter.toUpperCase())
}

type Side = NetworkLink['views'][number]

/** The side with the most complete log first, then the sides that saw failures. */
function sidesToShow(link: NetworkLink): readonly Side[] {
  const seen = link.views.filter(({ view }) => view.exchanges > 0)
  const main = seen.find(({ side }) => side === mainView(link)?.side) ?? seen[0]
  return main === undefined
    ? []
    : [main, ...seen.filter((one) => one !== main && one.view.ok < one.view.exchanges)]
}

function hasSameCounts(a: SideView, b: SideView): boolean {
  return a.exchanges === b.exchanges && a.ok === b.ok
}

/** `161 requests, all successful`. */
function formatSuccess({ kind }: NetworkLink, { side, view }: Side): string {
  const { exchanges, ok, unanswered } = view
  const all = formatCount(exchanges, side === 'broker' ? 'connection' : EXCHANGE_NOUN[kind])
  const noResponse = unanswered > 0 ? `, ${formatNumber(unanswered)} without a response` : ''
  if (ok === exchanges) return `${all}, ${ok === 1 ? '' : 'all '}successful${noResponse}`
  if (ok === 0) return `${all}, ${exchanges === 1 ? 'failed' : 'none successful'}${noResponse}`
  return `${formatNumber(ok)} of ${all} successful (${formatPercent(ok / exchanges)})${noResponse}`
}

function formatPollInterval({ kind }: NetworkLink, { pollInterval }: SideView): string {
  return kind === 'poll' && !Number.isNaN(pollInterval)
    ? `, one every ${formatDuration(roundLatency(pollInterval))}`
    : ''
}

function formatP95({ kind }: NetworkLink, view: SideView): string {
  const latency = latencyOf(view)
  if (latency === null) return ''
  if (holdsPolls(view)) return `, polls held by the ${kind === 'upstream' ? 'upstream' : 'relay'}`
  return latency.p95Ms === 0 && latency.resolutionMs >= 1000
    ? ', p95 below 1 s'
    : `, p95 ${formatDuration(latency.p95Ms)}`
}

const EXCHANGE_NOUN: Readonly<Record<NetworkLink['kind'], string>> = {
  poll: 'request',
  'load-balancer': 'request',
  database: 'statement',
  broker: 'exchange',
  upstream: 'request',
  cdm: 'connection',
}
