import type { Quotable } from '../facts/evidence-keeper.ts'
import { quote } from '../facts/evidence-keeper.ts'
import type { RelayClient } from '../facts/facts.ts'
import { isGood } from '../facts/link-stats.ts'
import type { PathKind } from './request-path.ts'
import { ascii, find } from '../read/byte-scan.ts'
import { causeOfStatus } from './network-cause.ts'

/** Tasks per client that are remembered until the result arrives. */
const MAX_WAITING = 16

/**
 * Counts one request of a client in the log of a relay or load balancer, except a 401, which is counted with its reason.
 * @param ms NaN if the duration is unknown
 * @param id hash of the request ID; 0 if there is none
 * @param waitMs how much of `ms` the poll may have been held; NaN if unknown
 */
export function recordRequest(
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
    if (status === 200) recordHandOut(client, line)
  } else {
    stats.heartbeat.busy = false
    recordResult(client, line, status)
  }
}

function causeOfRelayStatus(status: number): ReturnType<typeof causeOfStatus> | undefined {
  if (isGood(status)) return undefined
  // The relay itself responded, so a 5xx is an error of the relay and not of a proxy.
  return status >= 500 ? 'relay-error' : causeOfStatus(status)
}

export function recordHandOut(client: RelayClient, line: Quotable): void {
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

export function recordResult(client: RelayClient, line: Quotable, status: number): void {
  if (status === 404 || status === 409) {
    keepTaskLine(client, 'late', line)
    client.stats.lateAnswers++
    client.stats.problem('task-answered-late', line).recover(line)
    client.waiting.shift()
  } else if (isGood(status)) {
    keepTaskLine(client, 'answered', line)
    client.stats.answer(line)
    client.waiting.shift()
  }
}

/** A name at the end of a message: up to the first space, without a full stop. */
export function nameOf(buf: Buffer, start: number, end: number): string {
  let to = start
  while (to < end && (buf[to] ?? 0) > 32) to++
  while (to > start && buf[to - 1] === 46) to--
  return buf.toString('utf8', start, Math.min(to, start + 200))
}

const LOGGED_BY = ascii(' <s:')
/** Bytes of a user name that are kept; the rest of a longer one identifies no user. */
const MAX_USER = 100

/** The user name at the end of a message, which is whatever a client sent: it may hold spaces. */
export function userIn(buf: Buffer, start: number, end: number): string {
  const source = find(buf, start, end, LOGGED_BY)
  const to = source < 0 ? end : source
  return buf.toString('utf8', start, Math.min(to, start + MAX_USER)).trim()
}

/** The name that appears most often with a client; undefined if there is none. */
export function leadingName(client: RelayClient): string | undefined {
  let leading: string | undefined
  let most = 0
  for (const [name, votes] of client.names) {
    if (votes > most) {
      most = votes
      leading = name
    }
  }
  return leading
}
