import type { Quotable } from '../facts/evidence-keeper.ts'
import { quote } from '../facts/evidence-keeper.ts'
import type { RelayClient } from '../facts/facts.ts'
import type { PathKind } from './request-path.ts'
import { causeOfStatus } from './network-cause.ts'

/** Hand-outs per client that are remembered until their answer comes. */
const MAX_WAITING = 16

/**
 * Counts one request of a client as a relay or a balancer saw it (but not a 401: why is told elsewhere).
 * @param ms NaN where the duration is not known
 * @param id hash of the request id, 0 without one
 * @param waitMs how much of `ms` a poll may have been held back until there was work; NaN where the log does not say
 */
export function requestOfClient(
  client: RelayClient,
  line: Quotable,
  kind: PathKind,
  status: number,
  ms: number,
  id: number,
  waitMs: number,
): void {
  const { stats } = client
  const cause =
    kind === 'result' && (status === 404 || status === 409) ? undefined : causeOfRelayStatus(status)
  if (cause === undefined) stats.success(line, status, ms, kind === 'poll' ? waitMs : 0)
  else stats.failure(line, status, cause, ms)
  if (kind === 'poll') {
    stats.heartbeat.busy = status === 200
    stats.poll(line.time, status === 204)
    stats.polls.add(line.time, ms, status, id)
    if (status === 200) handedOut(client, line)
  } else {
    stats.heartbeat.busy = false
    answered(client, line, status)
  }
}

function causeOfRelayStatus(status: number): ReturnType<typeof causeOfStatus> | undefined {
  if (status < 400) return undefined
  // The relay itself answered: whatever 5xx it chose, it is its own error and not that of a proxy.
  return status >= 500 ? 'relay-error' : causeOfStatus(status)
}

export function handedOut(client: RelayClient, line: Quotable): void {
  client.stats.tasks++
  keepTaskLine(client, 'handed-out', line)
  if (client.waiting.length === 0) client.waitingLine = quote(line)
  if (client.waiting.length < MAX_WAITING) client.waiting.push(line.time)
  client.lastTask = line.time
}

function keepTaskLine(
  client: RelayClient,
  step: RelayClient['taskLines'][number]['step'],
  line: Quotable,
): void {
  if (client.taskLines.length < 16) client.taskLines.push({ step, evidence: quote(line) })
}

export function answered(client: RelayClient, line: Quotable, status: number): void {
  if (status === 404 || status === 409) {
    keepTaskLine(client, 'late', line)
    client.stats.lateAnswers++
    client.stats.problem('task-answered-late', line).recover(line)
    client.waiting.shift()
  } else if (status < 400) {
    keepTaskLine(client, 'answered', line)
    client.stats.answer(line)
    client.waiting.shift()
  }
}

/** A name that ends a message: up to the first blank, without a final dot. */
export function nameOf(buf: Buffer, start: number, end: number): string {
  let to = start
  while (to < end && (buf[to] ?? 0) > 32) to++
  while (to > start && buf[to - 1] === 46) to--
  return buf.toString('utf8', start, Math.min(to, start + 200))
}
