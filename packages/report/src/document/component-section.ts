import type { Analysis } from '../analysis.ts'
import type { ProgramLog } from '../exchange/network.ts'
import type { NetworkComponent } from '../exchange/topology.ts'
import { formatCount, formatDuration, formatNumber } from '../findings/figures.ts'
import { largest, smallest } from '../timeline/side-view.ts'
import { instant } from './instants.ts'
import type { Component, NumberRow } from './report-document.ts'

export function componentSection(
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
  const numbers = numbersOf(component, analysis)
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
    activity: activity(component, analysis),
    numbers,
    sources: logs.flatMap((log) => idsOf(log)),
  }
}

function activity(component: NetworkComponent, analysis: Analysis): string {
  const links = analysis.topology.links.filter(
    ({ from, to }) => from === component || to === component,
  )
  const best = links
    .flatMap(({ views }) => views)
    .toSorted((a, b) => b.view.exchanges - a.view.exchanges)[0]?.view
  const whose = component.logs.length === 0 ? ' (as other logs tell)' : ''
  if (best === undefined || best.exchanges === 0) {
    return component.logs.length === 0
      ? 'Nothing was seen of it.'
      : 'Its log shows no exchange with others.'
  }
  const rhythm = Number.isNaN(best.pollInterval)
    ? ''
    : ` every ${formatDuration(Number(best.pollInterval.toPrecision(3)))}`
  const all = formatCount(best.exchanges, 'time')
  switch (component.role) {
    case 'client':
      return `Asked for tasks${rhythm}, ${all}, and was answered ${best.ok === best.exchanges ? 'every time' : formatCount(best.ok, 'time')}${whose}.`
    case 'relay': {
      const logs = component.logs.flatMap(({ facts }) => (facts.role === 'relay' ? [facts] : []))
      const requests = logs.reduce((sum, { requests: n }) => sum + n, 0)
      const clients = links.filter(({ kind }) => kind === 'poll').length
      if (clients === 0 && component.logs.length === 0) return 'Only what works for it was seen.'
      return `Answered ${formatCount(requests || best.exchanges, 'request')} of ${formatCount(clients, 'client')}${whose}.`
    }
    case 'database':
    case 'cdm':
      return `Answered ${formatCount(best.ok, 'statement')}${best.latency.count > 0 ? `, 95 % within ${formatDuration(Number(best.latency.quantile(0.95).toPrecision(3)))}` : ''}${whose}.`
    case 'broker':
      return `Accepted ${formatCount(best.ok, 'connection')}${whose}.`
    case 'load-balancer':
      return `Passed on ${formatCount(best.ok, 'request')}${whose}.`
    case 'upstream':
      return `Answered ${formatCount(best.ok, 'exchange')}${whose}.`
    case 'unknown':
      return 'Its role is not known.'
    default:
      return component.role satisfies never
  }
}

function numbersOf(component: NetworkComponent, analysis: Analysis): NumberRow[] {
  const rows: NumberRow[] = []
  for (const { facts } of component.logs) {
    if (facts.role === 'client' && facts.received > 0)
      rows.push({ label: 'tasks taken', value: formatNumber(facts.received) })
    if (facts.role === 'client' && facts.solveTime.count > 0)
      rows.push({
        label: 'time to solve, median',
        value: formatDuration(Number(facts.solveTime.quantile(0.5).toPrecision(3))),
      })
    if (facts.role === 'relay') rows.push({ label: 'probes', value: formatNumber(facts.probes.ok) })
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
      label: `requests, ${side} side`,
      value: formatNumber(view.exchanges),
    })) ?? []
  return [...polls, ...rows]
}
