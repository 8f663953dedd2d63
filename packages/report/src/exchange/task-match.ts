import type { Confidence } from '../document/report-document.ts'
import type { ClientFacts, RelayClient, RelayFacts } from '../facts/facts.ts'
import type { TaskRecord } from '../facts/task-ledger.ts'
import { SECOND } from '../read/timestamps.ts'
import type { Network, PollLink, ProgramLog } from './network.ts'
import { clockOf } from './poll-pairs.ts'
import { resolutionOf } from './transaction.ts'

/** An answer is read this long after it was given, at most. */
const MAX_READ_DELAY_MS = 2 * SECOND

/** From when to when a task was open, in the clock of the relay's log. */
export interface OpenTask {
  readonly from: number
  readonly to: number
}

/** When this task was open, if no other was meanwhile; undefined if another was, or may have been. */
export function openAlone(
  network: Network,
  log: ProgramLog<RelayFacts>,
  record: TaskRecord,
): OpenTask | undefined {
  const own = lifeOf(record)
  if (!Number.isFinite(own.from) || !Number.isFinite(own.to)) return undefined
  const relay = network.relays.find((one) => one.logs.includes(log))
  const room = resolutionOf(log)
  for (const { facts, shift } of relay?.logs ?? []) {
    // Some were forgotten: nobody can say when they were open.
    const { tasks } = facts
    if (tasks.records.length < Math.max(tasks.count('received'), tasks.count('submitted')))
      return undefined
    for (const other of tasks.records) {
      if (other === record) continue
      const { from, to } = lifeOf(other)
      const apart = shift - log.shift
      if (from + apart < own.to + room && own.from < to + apart + room) return undefined
    }
  }
  return own
}

/** A task whose arrival or end is not in the log may have been open all the time before or after. */
function lifeOf({ steps }: TaskRecord): OpenTask {
  const ends = steps.filter(({ step }) => step === 'submitted' || step === 'abandoned')
  return {
    from: steps.find(({ step }) => step === 'received')?.evidence.time ?? Number.NEGATIVE_INFINITY,
    to: ends.at(-1)?.evidence.time ?? Number.POSITIVE_INFINITY,
  }
}

/** The relay's lines about handing one task to this client and getting its answer; undefined where there may be lines of two. */
export function handOutsOf(
  link: PollLink,
  log: ProgramLog<RelayFacts>,
  { from, to }: OpenTask,
): RelayClient['taskLines'] | undefined {
  const room = resolutionOf(log)
  const lines = link.relayClients
    .filter((one) => one.log === log)
    .flatMap(({ client }) => client.taskLines)
    .filter(({ evidence: { time } }) => time + room > from && time < to + room)
  const handedOut = lines.filter(({ step }) => step === 'handed-out').length
  return handedOut === 1 && lines.length <= 2 ? lines : undefined
}

/** The one task a client took right after `time`, on the clock of the relay, when the relay handed one to it. */
export function takenBy(
  link: PollLink,
  relay: ProgramLog<RelayFacts>,
  time: number,
):
  | { task: TaskRecord; log: ProgramLog<ClientFacts>; shift: number; certainty: Confidence }
  | undefined {
  const found = link.logs.flatMap((clientLog) => {
    const clock = clockOf(clientLog)
    if (clock === undefined) return []
    const early = clock.slack + resolutionOf(clientLog.log)
    const late = clock.slack + resolutionOf(relay) + MAX_READ_DELAY_MS
    return clientLog.log.facts.tasks.records.flatMap((task) => {
      const at = task.steps.find(({ step }) => step === 'received')?.evidence.time
      const after = at === undefined ? Number.NaN : at + clock.shift - time
      return after > -early && after < late ? [{ task, log: clientLog.log, ...clock }] : []
    })
  })
  return found.length === 1 ? found[0] : undefined
}
