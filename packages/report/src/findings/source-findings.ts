import type { ProgramLog } from '../network/network.ts'
import type { NetworkComponent } from '../network/topology.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { shifted } from '../timeline/placed-problem.ts'
import { pollLinksOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { isFromStall } from './relay-stalls.ts'
import { SKEW_WARNING_MS } from './limits.ts'
import { lacksLines, findMissingTimes } from './missing-lines.ts'
import { silenceLimit } from './log-silences.ts'
import {
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatTime,
  sentences,
} from '../vocabulary/figures.ts'
import { describeSilence, logsOf } from './phrases.ts'

/** Each clock may be off by a minute, so a log that ends this little before another one proves nothing. */
export const CLOCK_ROOM_MS = 2 * MINUTE

/** Adds findings about gaps in logs. To be called before the finders of the links, because a gap explains a silence. */
export function findLogGaps(context: DiagnosisContext): void {
  for (const log of context.network.logs) {
    const gaps = findMissingTimes(context, log).filter((gap) => !isFromStall(context, log, gap))
    const [first] = gaps
    const last = gaps.at(-1)
    if (first === undefined || last === undefined) continue
    const component = componentOfSource(context, log)
    context.found.push(
      rawFinding({
        cause: 'log-gap',
        severity: 'warning',
        status: 'observed',
        subject: log.source.file,
        component: component,
        first: first.from,
        last: last.to,
        count: gaps.length,
        periods: gaps.map(({ from, to }) => ({ from, to, count: 1, recoveredAt: to })),
        confidence: 'likely',
        partyName: null,
        why: sentences(
          `${logsOf(log.facts.role)}: no line ${describeSilence(gaps)}; the usual interval is ${formatDuration(meanInterval(log))}`,
          'events of that time are missing',
        ),
      }),
    )
  }
}

/** Events come in bursts, so the mean describes the interval better than the median. Two digits. */
function meanInterval({ source }: ProgramLog): number {
  return Number(((source.last - source.first) / Math.max(1, source.events)).toPrecision(2))
}

export function componentOfSource(
  context: DiagnosisContext,
  log: ProgramLog,
): NetworkComponent | undefined {
  return context.topology.components.find((component) => component.logs.includes(log))
}

/** Adds findings about logs that end before the others. To be called after the finders of the links: `silent` takes precedence. */
export function findEarlyEnds(context: DiagnosisContext): void {
  const { logs } = context.network
  const to = Math.max(...logs.map((log) => log.source.last + log.shift))
  for (const log of logs) {
    const end = log.source.last + log.shift
    if (!endsEarly(context, log, end, to)) continue
    const component = componentOfSource(context, log)
    if (component !== undefined && continuesInFile(component, log, end)) continue
    const stopped = log.facts.lastStop + log.shift >= end - 10 * SECOND
    const silent = context.found.find(
      ({ cause, link }) => cause === 'silent' && link !== undefined && link.from === component,
    )
    if (silent !== undefined) continue
    const relay = log.facts.role === 'relay' && clientsFailAfter(context, end)
    context.found.push(
      rawFinding({
        cause: 'source-ended-early',
        severity: relay ? 'error' : 'warning',
        status: 'ongoing',
        subject: log.source.file,
        component: component,
        first: end,
        last: to,
        periods: [{ from: end, to, count: 1, recoveredAt: Number.NaN }],
        confidence: stopped || relay ? 'certain' : 'likely',
        ...(relay ? { party: 'hub' as const } : {}),
        partyName: relay ? (component?.name ?? null) : null,
        why: sentences(
          `${logsOf(log.facts.role)}: ends at ${formatTime(end)}, ${formatDuration(to - end)} before the end of the logs${stopped ? ', after a shutdown message' : ''}`,
          relay ? 'clients fail from then on' : '',
          'this log does not cover the time after that',
        ),
      }),
    )
  }
}

/** Another part of the same file, which was put together in another order, covers the time after. */
function continuesInFile({ logs }: NetworkComponent, log: ProgramLog, end: number): boolean {
  return logs.some(
    ({ source, shift }) =>
      source !== log.source && source.file === log.source.file && source.last + shift > end,
  )
}

/** Another process with the same credentials, without a log here, may have received the tasks. */
function sharesIdentity(context: DiagnosisContext, log: ProgramLog): boolean {
  return context.found.some(
    ({ cause, link }) =>
      cause === 'two-instances' &&
      (link?.poll?.logs.some((clientLog) => clientLog.log === log) ?? false),
  )
}

/** The source logs nothing more although there was something to log. */
function endsEarly(context: DiagnosisContext, log: ProgramLog, end: number, to: number): boolean {
  const limit = silenceLimit(log)
  const { facts } = log
  if (to - end <= Math.max(Number.isNaN(limit) ? 0 : limit, CLOCK_ROOM_MS)) return false
  // A client that logs only tasks received one that is not in its log.
  if (facts.role === 'client' && facts.received > 0) {
    const tasks = context.network.links
      .filter(({ logs }) => logs.some((clientLog) => clientLog.log === log))
      .flatMap(({ relayClients }) => relayClients)
      .flatMap(({ client, log: relay }) =>
        client.taskLines.map(({ step, evidence }) => ({ step, time: evidence.time + relay.shift })),
      )
    if (
      !sharesIdentity(context, log) &&
      tasks.some(({ step, time }) => step === 'handed-out' && time > end + CLOCK_ROOM_MS)
    )
      return true
  }
  if (Number.isNaN(limit)) return false
  return (
    facts.role === 'relay' ||
    context.network.relays.length === 0 ||
    lacksLines(context, log, { from: end, to })
  )
}

function clientsFailAfter(context: DiagnosisContext, time: number): boolean {
  return context.found.some(
    ({ status, last, link }) =>
      status === 'ongoing' && link?.kind === 'poll' && last > time + 10 * SECOND,
  )
}

/** Adds findings about lines in no known format. */
export function findUnreadable(context: DiagnosisContext): void {
  const inFile = Map.groupBy(context.network.clockOffsets, ({ source }) => source.file)
  for (const { source, shift } of context.network.clockOffsets) {
    if (source.unreadable === 0) continue
    const beside = inFile.get(source.file) ?? []
    const lines = beside.reduce((sum, { source: one }) => sum + one.lines, 0)
    const share = source.unreadable / Math.max(1, lines)
    const much = share > 0.2
    context.found.push(
      rawFinding({
        cause: 'unreadable-lines',
        severity: much ? 'warning' : 'info',
        status: 'observed',
        subject: source.file,
        component: context.topology.components.find((component) =>
          component.logs.some((log) => log.source === source),
        ),
        count: source.unreadable,
        evidence: source.samples.map((line) => shifted(line, shift)),
        why: sentences(
          `log file: ${formatNumber(source.unreadable)} of ${formatCount(lines, 'line')} (${formatPercent(share)}) ${source.unreadable === 1 ? 'was' : 'were'} not recognised`,
        ),
      }),
    )
  }
}

/** Adds findings about clocks that differ according to matched polls. */
export function findClockSkew(context: DiagnosisContext): void {
  for (const link of pollLinksOf(context)) {
    for (const { log, match } of link.poll?.logs ?? []) {
      if (match === undefined || match.ambiguous) continue
      const sure = Math.abs(match.skewMs) - match.uncertaintyMs
      if (sure < 1_000) continue
      context.found.push(
        skewFinding(
          link.from,
          link.to,
          log,
          match.skewMs,
          match.uncertaintyMs,
          match.matched,
          sure,
        ),
      )
    }
  }
}

function skewFinding(
  client: NetworkComponent,
  relay: NetworkComponent,
  log: ProgramLog,
  skew: number,
  uncertainty: number,
  matched: number,
  sure: number,
): RawFinding {
  const difference = `${formatDuration(Math.abs(skew))} ${skew > 0 ? 'ahead of' : 'behind'}`
  return rawFinding({
    cause: 'clock-skew',
    severity: sure >= SKEW_WARNING_MS ? 'warning' : 'info',
    status: 'observed',
    subject: client.name,
    component: client,
    count: matched,
    confidence: 'likely',
    partyName: client.name,
    evidence: [log.facts.role === 'client' ? log.facts.link.firstOk : undefined].filter(
      (line) => line !== undefined,
    ),
    title: `clock is ${difference} ${relay.name}`,
    why: sentences(
      `client log and relay log: the clock of ${client.name} is ${difference} ${relay.name} (± ${formatDuration(uncertainty)}, ${formatCount(matched, 'matched poll')})`,
      'at least one of the two clocks is wrong',
    ),
  })
}
