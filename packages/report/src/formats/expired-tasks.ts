import type { Quotable } from '../facts/evidence-keeper.ts'
import type { RelayClient, RelayFacts } from '../facts/facts.ts'
import { TaskLedger } from '../facts/task-ledger.ts'
import type { TaskRecord } from '../facts/task-ledger.ts'

/** What the line about an expired task says of it. */
export interface Expiry {
  readonly taskId: string
  /** How long answers were collected, ms; NaN where it is not said. */
  readonly deadlineMs: number
  /** How many answers were missing; NaN where it is not said. */
  readonly missing: number
  /** The clients that had not answered; undefined where the line names none. */
  readonly clients: readonly RelayClient[] | undefined
}

/** Today's relay collects answers to availability questions that long, ms. */
const DEFAULT_DEADLINE_MS = 240_000

/** A task reached its deadline: counted for each client whose answer it lacked, as far as that can be told. */
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

/** Details of `task-not-answered`: what became of a task that lacked an answer. */
export const FETCHED = 'fetched and not answered'
const NOT_FETCHED = 'not fetched'

/** Who had not answered, by what went out to whom and came back. */
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
  // The log does not say which task went to whom: who got none since, or has kept one for long.
  const half = (since + until) / 2
  const missing = asked.filter(
    ({ waiting, lastTask }) =>
      !(lastTask >= since) || waiting.some((time) => time >= since && time <= half),
  )
  return missing.length > 0
    ? missing
    : asked.filter(({ waiting }) => waiting.some((time) => time >= since))
}

/** The relay let it in before, or knows its name: tasks are meant for it, too. */
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
