import { bunnyText } from '@warren/runtime'
import { BunnyEvent } from '../../../bunny/src/log-events.ts'
import { bunnyTextCatalogue } from '../../../bunny/src/log-text.ts'
import type { Fact, FactOf, Outcome } from '../simulation/facts.ts'
import type { TransportFailure } from '../simulation/faults.ts'
import { jsonLines, textLines } from './warren-lines.ts'
import { MinuteSummary } from './warren-records.ts'
import type { Record } from './warren-records.ts'
import { HUB_HOST } from './written-line.ts'
import type { WriterOptions, WrittenLine } from './written-line.ts'

const BASE = `https://${HUB_HOST}/link_connector_api`
const POLL_URL = `${BASE}/task/nextjob/[REDACTED]`

/** The log of our client, one JSON object a line. */
export function writeBunnyJson(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return jsonLines(bunnyRecords(facts, options), 'bunny', options)
}

/** The log of our client with LOG_FORMAT=text: what the Python client would have written. */
export function writeBunnyText(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return textLines(bunnyRecords(facts, options), 'bunny', bunnyText(bunnyTextCatalogue), options)
}

function bunnyRecords(facts: readonly Fact[], options: WriterOptions): Record[] {
  // Its minutes begin when it starts, at no round time.
  const summary = new MinuteSummary('relay', options.from - 22_700)
  const records = facts.flatMap((fact) => {
    count(fact, summary)
    return recordsOf(fact)
  })
  return [...records, ...summary.records(options)].sort((a, b) => a.at - b.at)
}

function count(fact: Fact, summary: MinuteSummary): void {
  if (fact.kind === 'poll failed') summary.count(fact.time, 'error', fact.durationMs)
  if (fact.kind === 'poll answered' && fact.status < 400) {
    summary.count(fact.time, String(fact.status), fact.durationMs)
  }
}

function recordsOf(fact: Fact): Record[] {
  const at = fact.time
  const one = (level: Record['level'], msg: string, fields: object): Record[] => [
    { at, level, msg, fields },
  ]
  switch (fact.kind) {
    case 'client started': {
      const { version } = fact
      const database = 'PostgreSQL 16.4'
      return [
        { at: at - 400, level: 'info', msg: BunnyEvent.starting, fields: { version } },
        { at: at - 380, level: 'info', msg: BunnyEvent.connecting, fields: { database: 'postgres' } },
        { at, level: 'info', msg: BunnyEvent.started, fields: { version, relay: BASE, database } },
      ]
    }
    case 'polls not held':
      return one('info', BunnyEvent.pollsNotHeld, {
        askedSeconds: fact.askedSeconds,
        intervalMs: fact.intervalMs,
      })
    case 'poll sent':
      return one('debug', BunnyEvent.pollSent, { requestId: fact.requestId, url: POLL_URL })
    case 'poll answered': {
      const { requestId, status } = fact
      const durationMs = Math.round(fact.durationMs)
      const answered = one('debug', BunnyEvent.pollAnswered, { requestId, status, durationMs })
      return status === 204 ? [...answered, ...one('debug', BunnyEvent.noTask, {})] : answered
    }
    case 'poll failed':
      return one('error', BunnyEvent.pollFailed, pollFailed(fact))
    case 'task received': {
      const { taskId, taskKind: kind, requestId } = fact
      return one('info', BunnyEvent.taskReceived, { taskId, kind, requestId })
    }
    case 'task solved': {
      const { taskId, taskKind: kind } = fact
      const durationMs = Math.round(fact.durationMs)
      const solved = { taskId, kind, status: 'ok', count: fact.count, durationMs }
      return one('info', BunnyEvent.taskSolved, solved)
    }
    case 'result answered': {
      const { taskId, requestId, status } = fact
      if (status >= 400) {
        return one('error', BunnyEvent.resultRefused, { taskId, requestId, status, attempt: 1 })
      }
      const durationMs = Math.round(fact.durationMs)
      return one('info', BunnyEvent.resultPosted, { taskId, requestId, status, durationMs })
    }
    case 'result failed': {
      const { taskId, requestId, attempt, retryInMs } = fact
      const url = `${BASE}/task/result/${taskId}/[REDACTED]`
      const failure = failureFields(fact.outcome)
      return one('warn', BunnyEvent.resultPostFailed, {
        taskId,
        requestId,
        attempt,
        ...failure,
        url,
        retryInMs,
      })
    }
    default:
      return []
  }
}

function pollFailed({ requestId, outcome, durationMs, retryInMs }: FactOf<'poll failed'>): object {
  const failure = failureFields(outcome)
  const advice =
    outcome.kind === 'status' && outcome.status === 401
      ? {
          advice:
            'the relay refuses our credentials: check TASK_API_USERNAME and TASK_API_PASSWORD, and that COLLECTION_ID belongs to that user',
        }
      : {}
  return { requestId, ...failure, ...advice, url: POLL_URL, durationMs: Math.round(durationMs), retryInMs }
}

function failureFields(outcome: Outcome): object {
  if (outcome.kind === 'transport') return { kind: 'transport', ...TRANSPORT[outcome.failure] }
  const { status } = outcome
  return {
    kind: status === 401 ? 'authentication' : 'unavailable',
    code: `HTTP_${status}`,
    status,
    detail: `${HUB_HOST} answered ${status}`,
  }
}

const TRANSPORT: Readonly<{ [F in TransportFailure]: { code: string; detail: string } }> = {
  'name-resolution': { code: 'ENOTFOUND', detail: `cannot find the address of ${HUB_HOST}` },
  'connection-refused': { code: 'ECONNREFUSED', detail: `${HUB_HOST} refuses connections` },
  'connect-timeout': { code: 'CONNECT_TIMEOUT', detail: `no connection to ${HUB_HOST} in time` },
  'read-timeout': {
    code: 'READ_TIMEOUT',
    detail: `no complete answer from ${HUB_HOST} in time`,
  },
  'connection-closed': { code: 'ECONNRESET', detail: `the connection to ${HUB_HOST} broke` },
  'tls-expired': tls('CERT_HAS_EXPIRED'),
  'tls-untrusted': tls('SELF_SIGNED_CERT_IN_CHAIN'),
  'tls-wrong-name': tls('CERT_ALTNAME_INVALID'),
}

function tls(reason: string): { code: string; detail: string } {
  return { code: `TLS_${reason}`, detail: `TLS with ${HUB_HOST} failed (${reason})` }
}

