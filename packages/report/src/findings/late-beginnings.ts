import type { Relay, ProgramLog } from '../network/network.ts'
import { exchangesWithin } from '../timeline/side-view.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding } from './raw-finding.ts'
import { MIN_MISSING, lacksLines } from './missing-lines.ts'
import { CLOCK_ROOM_MS, componentOfSource } from './source-findings.ts'
import { formatDuration, formatTime, sentences } from '../vocabulary/figures.ts'
import { logsOf } from './phrases.ts'

/** Adds findings about logs that start although there was something to log long before: they do not cover that time. */
export function findLateBeginnings(context: DiagnosisContext): void {
  const { from } = context.network
  for (const log of context.network.logs) {
    const begin = log.source.first + log.shift
    if (!beginsLate(context, log, begin)) continue
    context.found.push(
      rawFinding({
        cause: 'source-began-late',
        severity: 'info',
        status: 'observed',
        subject: log.source.file,
        component: componentOfSource(context, log),
        first: from,
        last: begin,
        periods: [{ from, to: begin, count: 1, recoveredAt: begin }],
        confidence: 'likely',
        why: sentences(
          `${logsOf(log.facts.role)}: starts at ${formatTime(begin)}, ${formatDuration(begin - from)} after the first log, although other logs show earlier activity`,
          'this log does not cover the time before that',
        ),
      }),
    )
  }
}

function beginsLate(context: DiagnosisContext, log: ProgramLog, begin: number): boolean {
  const { from, relays } = context.network
  if (begin - from <= CLOCK_ROOM_MS) return false
  const relay = relays.find((one) => one.logs.some((replica) => replica === log))
  if (relay === undefined) return lacksLines(context, log, { from, to: begin })
  return begin === relay.first && answeredBefore(context, relay)
}

/** Polls were answered before any pod of the relay logged a line. */
function answeredBefore(context: DiagnosisContext, relay: Relay): boolean {
  const to = relay.first - CLOCK_ROOM_MS / 2
  const answered = pollLinksOf(context)
    .filter((link) => link.relay === relay)
    .map((link) =>
      Math.max(
        ...(['client', 'load-balancer'] as const).map((side) => {
          const view = viewOf(link, side)
          return view === undefined ? 0 : exchangesWithin(view, context.network.from, to, 'good')
        }),
      ),
    )
  return answered.reduce((sum, n) => sum + n, 0) >= MIN_MISSING
}
