import type { Analysis } from '../analysis.ts'
import type { ProgramLog } from '../network/network.ts'
import type { NetworkComponent, NetworkLink } from '../network/topology.ts'
import { formatCount, formatDuration, formatNumber, roundLatency } from '../vocabulary/figures.ts'
import { largest, smallest } from '../timeline/extremes.ts'
import type { SideView } from '../timeline/side-view.ts'
import { instant } from './instants.ts'
import type { Component, NumberRow } from './report-document.ts'

export function buildComponents(
  analysis: Analysis,
  idsOf: (log: ProgramLog) => readonly string[],
): Component[] {
  return analysis.topology.components.map((component) =>
    describeComponent(component, analysis, idsOf),
  )
}

function describeComponent(
  component: NetworkComponent,
  analysis: Analysis,
  idsOf: (log: ProgramLog) => readonly string[],
): Component {
  const { logs } = component
  const labels = logs[0]?.source.labels ?? {}
  const views = analysis.topology.links
    .filter(({ from, to }) => from === component || to === component)
    .flatMap(({ views }) => views)
  const poll = analysis.topology.links.find(
    (link) => link.from === component && link.kind === 'poll',
  )?.poll
  const spans = logs.map(({ source, shift }) => ({
    first: source.first + shift,
    last: source.last + shift,
  }))
  const numbers = buildNumbers(component, analysis)
  const expectedOnly = logs.length === 0 && views.length === 0 && poll?.expected === true
  return {
    id: component.id,
    role: component.role,
    name: component.name,
    cluster: labels.cluster ?? null,
    namespace: labels.namespace ?? null,
    pod:
      labels.pod ??
      ((logs[0]?.source.hostname ?? '') === '' ? null : (logs[0]?.source.hostname ?? null)),
    program: logs[0]?.facts.program ?? null,
    version:
      logs.map(({ facts }) => facts.version).find((version) => version !== '') ??
      labels.version ??
      null,
    seenIn: logs.length > 0 ? 'own-log' : expectedOnly ? 'expectation' : 'other-logs',
    first: instant(
      spans.length > 0
        ? smallest(spans.map(({ first }) => first))
        : smallest(views.map(({ view }) => view.first)),
    ),
    last: instant(
      spans.length > 0
        ? largest(spans.map(({ last }) => last))
        : largest(views.map(({ view }) => view.last)),
    ),
    starts: logs.reduce((sum, { facts }) => sum + facts.starts, 0),
    activity: describeActivity(component, analysis),
    numbers,
    sources: logs.flatMap((log) => idsOf(log)),
  }
}

function describeActivity(component: NetworkComponent, analysis: Analysis): string {
  const links = analysis.topology.links.filter(
    ({ from, to }) => from === component || to === component,
  )
  const best = links
    .flatMap(({ views }) => views)
    .toSorted((a, b) => b.view.exchanges - a.view.exchanges)[0]?.view
  const origin = component.logs.length === 0 ? ' (according to other logs)' : ''
  if (best === undefined || best.exchanges === 0) {
    return component.logs.length === 0
      ? 'No activity in the logs.'
      : 'Its log shows no exchange with other components.'
  }
  const interval = Number.isNaN(best.pollInterval)
    ? ''
    : `, one every ${formatDuration(roundLatency(best.pollInterval))}`
  switch (component.role) {
    case 'client':
      return `Sent ${formatCount(best.exchanges, 'request')}, ${formatSuccess(best)}${interval}${origin}.`
    case 'relay': {
      const logs = component.logs.flatMap(({ facts }) => (facts.role === 'relay' ? [facts] : []))
      const requests = logs.reduce((sum, { requests: n }) => sum + n, 0)
      const clients = links.filter(({ kind }) => kind === 'poll').length
      if (clients === 0 && component.logs.length === 0)
        return 'No relay log. Only the services it uses have logs.'
      const sent = links.reduce(
        (sum, { kind, views }) => sum + (kind === 'poll' ? exchangesAt(views) : 0),
        0,
      )
      const others = requests - sent
      const more = sent > 0 && others > 0 ? ` and ${formatCount(others, 'other request')}` : ''
      return `Answered ${formatCount(sent || requests || best.exchanges, 'request')} from ${formatCount(clients, 'client')}${more}${origin}.`
    }
    case 'database':
    case 'cdm':
      return `Executed ${formatCount(best.ok, 'statement')}${best.latency.count > 0 ? `, p95 ${formatDuration(roundLatency(best.latency.quantile(0.95)))}` : ''}${origin}.`
    case 'broker':
      return component.logs.length === 0
        ? `Completed ${formatCount(best.ok, 'exchange')}${origin}.`
        : `Accepted ${formatCount(best.ok, 'connection')}.`
    case 'load-balancer':
      return `Forwarded ${formatCount(best.ok, 'request')}${origin}.`
    case 'upstream':
      return `Answered ${formatCount(best.ok, 'request')}${origin}.`
    case 'unknown':
      return 'Unknown role.'
    default:
      return component.role satisfies never
  }
}

/** Requests on a link: those in the relay log, else in another log. */
function exchangesAt(views: NetworkLink['views']): number {
  return (views.find(({ side }) => side === 'relay') ?? views[0])?.view.exchanges ?? 0
}

function formatSuccess({ exchanges, ok }: SideView): string {
  if (exchanges === 1) return ok === 1 ? 'successful' : 'failed'
  const some = ok === 0 ? 'none' : formatNumber(ok)
  return `${ok === exchanges ? 'all' : some} successful`
}

function buildNumbers(component: NetworkComponent, analysis: Analysis): NumberRow[] {
  const rows: NumberRow[] = []
  for (const { facts } of component.logs) {
    if (facts.role === 'client' && facts.received > 0)
      rows.push({ label: 'tasks received', value: formatNumber(facts.received) })
    if (facts.role === 'client' && facts.solveTime.count > 0)
      rows.push({
        label: 'median solve time',
        value: formatDuration(roundLatency(facts.solveTime.quantile(0.5))),
      })
    if (facts.role === 'relay')
      rows.push({ label: 'health probes', value: formatNumber(facts.probes.ok) })
    if (facts.role === 'relay' && facts.validated > 0)
      rows.push({ label: 'logins', value: formatNumber(facts.validated) })
    if (facts.role === 'broker')
      rows.push({ label: 'connections', value: formatNumber(facts.accepted) })
    if (facts.role === 'load-balancer')
      rows.push({ label: 'requests', value: formatNumber(facts.requests) })
  }
  const link = analysis.topology.links.find((one) => one.from === component && one.kind === 'poll')
  const polls =
    link?.views.map(({ side, view }) => ({
      label: `requests (${side.replace('-', ' ')} log)`,
      value: formatNumber(view.exchanges),
    })) ?? []
  return [...polls, ...rows]
}
