import type { Hub, Told } from '../exchange/network.ts'
import { exchangesWithin } from '../timeline/placed-account.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { draft } from './finding-draft.ts'
import { FEWEST_MISSING, lacksLines } from './missing-lines.ts'
import { CLOCK_ROOM_MS, partOfSource } from './source-findings.ts'
import { clockWord, spanWord } from './words.ts'

/**
 * Logs that begin when there had been something to write for long. No fault of the network, but of the time before nothing can be
 * said that needs them.
 */
export function findLateBeginnings(context: DiagnosisContext): void {
  const { from } = context.network
  for (const told of context.network.told) {
    const begin = told.source.first + told.shift
    if (!beginsLate(context, told, begin)) continue
    context.found.push(
      draft({
        cause: 'source-began-late',
        severity: 'info',
        status: 'observed',
        subject: told.source.file,
        component: partOfSource(context, told),
        first: from,
        last: begin,
        episodes: [{ from, to: begin, count: 1, recoveredAt: begin }],
        confidence: 'likely',
        why: `It begins at ${clockWord(begin)}, ${spanWord(begin - from)} after the window does, though others show what it should have written until then. Nothing that needs it can be said of that time.`,
      }),
    )
  }
}

function beginsLate(context: DiagnosisContext, told: Told, begin: number): boolean {
  const { from, hubs } = context.network
  if (begin - from <= CLOCK_ROOM_MS) return false
  const hub = hubs.find((one) => one.told.some((replica) => replica === told))
  if (hub === undefined) return lacksLines(context, told, { from, to: begin })
  return begin === hub.first && answeredBefore(context, hub)
}

/** Polls were answered before any pod of the hub wrote a line. */
function answeredBefore(context: DiagnosisContext, hub: Hub): boolean {
  const to = hub.first - CLOCK_ROOM_MS / 2
  const answered = pollLinksOf(context)
    .filter((link) => link.hub === hub)
    .map((link) =>
      Math.max(
        ...(['client', 'balancer'] as const).map((side) => {
          const view = viewOf(link, side)
          return view === undefined ? 0 : exchangesWithin(view, context.network.from, to, 'good')
        }),
      ),
    )
  return answered.reduce((sum, n) => sum + n, 0) >= FEWEST_MISSING
}
