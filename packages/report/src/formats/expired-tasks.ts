import { FETCHED, NOT_FETCHED } from '../facts/task-ledger.ts'
import type { Quotable } from '../facts/evidence-keeper.ts'
import type { RelayClient, RelayFacts } from '../facts/facts.ts'
import { TaskLedger } from '../facts/task-ledger.ts'
import type { TaskRecord } from '../facts/task-ledger.ts'

/** The contents of the line about an expired task. */
export interface Expiry {
  readonly taskId: string
  /** How long the relay waited for results, ms; NaN if the line does not contain it. */
  readonly deadlineMs: number
  /** Number of missing results; NaN if the line does not contain it. */
  readonly missing: number
  /** The clients that did not answer; undefined if the line does not name them. */
  readonly clients: readonly RelayClient[] | undefined
}

/** How long the .NET relay waits for results of availability tasks, ms. */
const DEFAULT_DEADLINE_MS = 240_000

/** Records an expired task for each client whose result was missing, as far as that is known. */
export function taskExpired(facts: RelayFacts, line: Quotable, expiry: Expiry): void {
  const { taskId, deadlineMs, missing, clients } = expiry
  facts.tasks.step(taskId, 'expired', line)
  const record = facts.tasks.record(taskId)
  const received = record?.steps.find(({ step }) => step === 'received')?.evidence.time
  const since = received ?? line.time - (deadlineMs > 0 ? deadlineMs : DEFAULT_DEADLINE_MS)
  if (clients !== undefined) facts.namesMissing = true
  const late = clients ?? missingClients(facts, record, since, line.time)
  if (late.length === 0 || late.length > missing) facts.expiredForUnknownClient.see(line)
  for (const client of late.length > missing ? [] : late) {
    const fetched = hasFetched(client, record, since)
    client.stats.problem('task-not-answered', line).detail(fetched ? FETCHED : NOT_FETCHED)
    const open = client.waiting.findIndex((time) => time >= since)
    if (open >= 0) client.waiting.splice(open, 1)
  }
}

/** A task was settled before its deadline, because only these clients had not answered, and they had not polled either. */
export function silentNodesNotAwaited(
  facts: RelayFacts,
  line: Quotable,
  clients: readonly RelayClient[] | undefined,
): void {
  if (clients === undefined) {
    facts.expiredForUnknownClient.see(line)
    return
  }
  facts.namesMissing = true
  for (const { stats } of clients) stats.problem('task-not-answered', line).detail(NOT_FETCHED)
}

/** The clients that did not answer, derived from the tasks handed out and the results received. */
function missingClients(
  { clients }: RelayFacts,
  record: TaskRecord | undefined,
  since: number,
  until: number,
): RelayClient[] {
  const asked = clients.all().filter(isAsked)
  const handedOut = nodesOf(record, 'handed-out')
  if (record !== undefined && handedOut.size > 0 && !TaskLedger.isCut(record)) {
    const answered = nodesOf(record, 'answered')
    return asked.filter(({ key }) => !answered.has(key))
  }
  // The log does not show who received which task: clients that received none since then, or have not answered theirs for long.
  const half = (since + until) / 2
  const missing = asked.filter(
    ({ waiting, lastTask }) =>
      !(lastTask >= since) || waiting.some((time) => time >= since && time <= half),
  )
  return missing.length > 0
    ? missing
    : asked.filter(({ waiting }) => waiting.some((time) => time >= since))
}

/** The relay has accepted the client before or knows its name, so it queues tasks for it. */
function isAsked({ stats }: RelayClient): boolean {
  return !Number.isNaN(stats.lastOk) || stats.problems.has('auth-wrong-password')
}

function hasFetched(client: RelayClient, record: TaskRecord | undefined, since: number): boolean {
  const handedOut = nodesOf(record, 'handed-out')
  return handedOut.size > 0
    ? handedOut.has(client.key)
    : client.waiting.some((time) => time >= since)
}

function nodesOf(record: TaskRecord | undefined, wanted: 'handed-out' | 'answered'): Set<string> {
  const steps = (record?.steps ?? []).filter(({ step, node }) => step === wanted && node !== '')
  return new Set(steps.map(({ node }) => node))
}
