import type { Confidence } from '../vocabulary/judgement.ts'
import type { ClientFacts, RelayClient, RelayFacts } from '../facts/facts.ts'
import type { TaskRecord } from '../facts/task-ledger.ts'
import { SECOND } from '../read/timestamps.ts'
import type { Network, PollLink, ProgramLog } from '../network/network.ts'
import { clockOf } from './poll-pairs.ts'
import { resolutionOf } from './transaction.ts'

/** A client reads a task at most this long after the relay handed it out. */
const MAX_READ_DELAY_MS = 2 * SECOND

/** The time in which a task was open, in the clock of the relay's log. */
export interface OpenTask {
  readonly from: number
  readonly to: number
}

/** The time in which this task was open; undefined if another task was, or may have been, open in that time. */
export function openAlone(
  network: Network,
  log: ProgramLog<RelayFacts>,
  record: TaskRecord,
): OpenTask | undefined {
  const own = lifeOf(record)
  if (!Number.isFinite(own.from) || !Number.isFinite(own.to)) return undefined
  const relay = network.relays.find((one) => one.logs.includes(log))
  const tolerance = resolutionOf(log)
  for (const { facts, shift } of relay?.logs ?? []) {
    // Some tasks were discarded, so it is unknown when they were open.
    const { tasks } = facts
    if (tasks.records.length < Math.max(tasks.count('received'), tasks.count('submitted')))
      return undefined
    for (const other of tasks.records) {
      if (other === record) continue
      const { from, to } = lifeOf(other)
      const apart = shift - log.shift
      if (from + apart < own.to + tolerance && own.from < to + apart + tolerance) return undefined
    }
  }
  return own
}

/** A task whose arrival or end is not in the log may have been open from the start or until the end of the log. */
function lifeOf({ steps }: TaskRecord): OpenTask {
  const ends = steps.filter(({ step }) => step === 'submitted' || step === 'abandoned')
  return {
    from: steps.find(({ step }) => step === 'received')?.evidence.time ?? Number.NEGATIVE_INFINITY,
    to: ends.at(-1)?.evidence.time ?? Number.POSITIVE_INFINITY,
  }
}

/** The relay's lines about handing out one task to this client and receiving the result; undefined if they may belong to two tasks. */
export function handOutsOf(
  link: PollLink,
  log: ProgramLog<RelayFacts>,
  { from, to }: OpenTask,
): RelayClient['taskLines'] | undefined {
  const tolerance = resolutionOf(log)
  const lines = link.relayClients
    .filter((one) => one.log === log)
    .flatMap(({ client }) => client.taskLines)
    .filter(({ evidence: { time } }) => time + tolerance > from && time < to + tolerance)
  const handedOut = lines.filter(({ step }) => step === 'handed-out').length
  return handedOut === 1 && lines.length <= 2 ? lines : undefined
}

/** The only task that a client received just after `time`, on the relay's clock. */
export function taskReceivedAt(
  link: PollLink,
  relay: ProgramLog<RelayFacts>,
  time: number,
):
  | { task: TaskRecord; log: ProgramLog<ClientFacts>; shift: number; confidence: Confidence }
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
