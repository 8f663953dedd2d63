import type { Confidence } from '../document/report-document.ts'
import type { ClientFacts, RelayClient, RelayFacts } from '../facts/facts.ts'
import type { TaskRecord } from '../facts/task-ledger.ts'
import { SECOND } from '../read/timestamps.ts'
import type { Network, PollLink, ProgramLog } from './network.ts'
import { clockOf } from './poll-pairs.ts'
import { resolutionOf } from './transaction.ts'

/** An answer is read this long after it was given, at most. */
const READING_MS = 2 * SECOND

/** From when to when a task was open, in the clock of the relay's log. */
export interface OpenTask {
  readonly from: number
  readonly to: number
}

/** When this task was open, if no other was meanwhile; undefined if another was, or may have been. */
export function openAlone(
  network: Network,
  told: ProgramLog<RelayFacts>,
  record: TaskRecord,
): OpenTask | undefined {
  const own = lifeOf(record)
  if (!Number.isFinite(own.from) || !Number.isFinite(own.to)) return undefined
  const relay = network.relays.find((one) => one.told.includes(told))
  const room = resolutionOf(told)
  for (const { facts, shift } of relay?.told ?? []) {
    // Some were forgotten: nobody can say when they were open.
    const { tasks } = facts
    if (tasks.records.length < Math.max(tasks.count('received'), tasks.count('submitted')))
      return undefined
    for (const other of tasks.records) {
      if (other === record) continue
      const { from, to } = lifeOf(other)
      const apart = shift - told.shift
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
  told: ProgramLog<RelayFacts>,
  { from, to }: OpenTask,
): RelayClient['taskLines'] | undefined {
  const room = resolutionOf(told)
  const lines = link.relayClients
    .filter((one) => one.told === told)
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
  | { task: TaskRecord; told: ProgramLog<ClientFacts>; shift: number; certainty: Confidence }
  | undefined {
  const found = link.logs.flatMap((log) => {
    const clock = clockOf(log)
    if (clock === undefined) return []
    const early = clock.slack + resolutionOf(log.told)
    const late = clock.slack + resolutionOf(relay) + READING_MS
    return log.told.facts.tasks.records.flatMap((task) => {
      const at = task.steps.find(({ step }) => step === 'received')?.evidence.time
      const after = at === undefined ? Number.NaN : at + clock.shift - time
      return after > -early && after < late ? [{ task, told: log.told, ...clock }] : []
    })
  })
  return found.length === 1 ? found[0] : undefined
}
