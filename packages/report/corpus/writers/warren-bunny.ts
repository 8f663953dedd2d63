import { BunnyEvent, bunnyTextCatalogue } from '@warren/bunny'
import { bunnyText } from '@warren/runtime'
import { lookUp } from '../simulation/facts.ts'
import type { Fact, FactOf, FactTable, Outcome } from '../simulation/facts.ts'
import type { TransportFailure } from '../simulation/faults.ts'
import { jsonLines, textLines } from './warren-lines.ts'
import { MinuteSummary } from './warren-records.ts'
import type { WarrenRecord } from './warren-records.ts'
import { RELAY_HOST } from './written-line.ts'
import type { WriterOptions, WrittenLine } from './written-line.ts'

const BASE = `https://${RELAY_HOST}/link_connector_api`
const POLL_URL = `${BASE}/task/nextjob/[REDACTED]`

/** Log of Warren's bunny, one JSON object per line. */
export function writeBunnyJson(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return jsonLines(bunnyRecords(facts, options), 'bunny', options)
}

/** Log of Warren's bunny with LOG_FORMAT=text, as the Python bunny would log it. */
export function writeBunnyText(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return textLines(bunnyRecords(facts, options), 'bunny', bunnyText(bunnyTextCatalogue), options)
}

function bunnyRecords(facts: readonly Fact[], options: WriterOptions): WarrenRecord[] {
  // Its minutes begin when it starts, not at a full minute.
  const summary = new MinuteSummary('relay', options.from - 22_700)
  const records = facts.flatMap((fact) => {
    count(fact, summary)
    return lookUp(RECORDS, fact) ?? []
  })
  return [...records, ...summary.records(options)].sort((a, b) => a.at - b.at)
}

function count(fact: Fact, summary: MinuteSummary): void {
  if (fact.kind === 'poll failed') summary.count(fact.time, 'error', fact.durationMs)
  if (fact.kind === 'poll answered' && fact.status < 400) {
    summary.count(fact.time, String(fact.status), fact.durationMs)
  }
}

const RECORDS: FactTable<WarrenRecord[]> = {
  'client started': ({ time, version }) => [
    ...entry(time - 400, 'info', BunnyEvent.starting, { version }),
    ...entry(time - 380, 'info', BunnyEvent.databaseConnecting, { database: 'postgres' }),
    ...entry(time, 'info', BunnyEvent.started, {
      version,
      relay: BASE,
      database: 'PostgreSQL 16.4',
    }),
  ],
  'polls not held': (fact) =>
    entry(fact.time, 'info', BunnyEvent.pollsNotHeld, {
      askedSeconds: fact.askedSeconds,
      intervalMs: fact.intervalMs,
    }),
  'poll sent': ({ time, requestId, waitMs }) =>
    entry(time, 'debug', BunnyEvent.pollSent, { requestId, url: POLL_URL, waitMs }),
  'poll answered': (fact) => {
    const { requestId, status } = fact
    const durationMs = Math.round(fact.durationMs)
    const answered = entry(fact.time, 'debug', BunnyEvent.pollAnswered, {
      requestId,
      status,
      durationMs,
    })
    return status === 204
      ? [...answered, ...entry(fact.time, 'debug', BunnyEvent.noTask, {})]
      : answered
  },
  'poll failed': (fact) => entry(fact.time, 'error', BunnyEvent.pollFailed, pollFailed(fact)),
  'task received': (fact) => {
    const { taskId, taskKind: kind, requestId } = fact
    return entry(fact.time, 'info', BunnyEvent.taskReceived, { taskId, kind, requestId })
  },
  'task solved': (fact) => {
    const { taskId, taskKind: kind } = fact
    const durationMs = Math.round(fact.durationMs)
    const solved = { taskId, kind, status: 'ok', count: fact.count, durationMs }
    return entry(fact.time, 'info', BunnyEvent.taskSolved, solved)
  },
  'result answered': (fact) => {
    const { taskId, requestId, status } = fact
    if (status >= 400) {
      return entry(fact.time, 'error', BunnyEvent.resultRejected, {
        taskId,
        requestId,
        status,
        attempt: 1,
      })
    }
    const durationMs = Math.round(fact.durationMs)
    return entry(fact.time, 'info', BunnyEvent.resultSubmitted, {
      taskId,
      requestId,
      status,
      durationMs,
    })
  },
  'result failed': (fact) => {
    const { taskId, requestId, attempt, retryInMs } = fact
    const url = `${BASE}/task/result/${taskId}/[REDACTED]`
    const failure = failureFields(fact.outcome)
    return entry(fact.time, 'warn', BunnyEvent.resultSubmissionFailed, {
      taskId,
      requestId,
      attempt,
      ...failure,
      url,
      retryInMs,
    })
  },
}

function entry(
  time: number,
  level: WarrenRecord['level'],
  msg: string,
  fields: object,
): WarrenRecord[] {
  return [{ at: time, level, msg, fields }]
}

function pollFailed({ requestId, outcome, durationMs, retryInMs }: FactOf<'poll failed'>): object {
  const failure = failureFields(outcome)
  const advice =
    outcome.kind === 'status' && outcome.status === 401
      ? {
          advice:
            'the relay rejects the credentials: check TASK_API_USERNAME, TASK_API_PASSWORD and that COLLECTION_ID belongs to this user',
        }
      : {}
  return {
    requestId,
    ...failure,
    ...advice,
    url: POLL_URL,
    durationMs: Math.round(durationMs),
    retryInMs,
  }
}

function failureFields(outcome: Outcome): object {
  if (outcome.kind === 'transport') return { kind: 'transport', ...TRANSPORT[outcome.failure] }
  const { status } = outcome
  return {
    kind: status === 401 ? 'authentication' : 'unavailable',
    code: `HTTP_${status}`,
    status,
    detail: `${RELAY_HOST} returned ${status}`,
  }
}

const TRANSPORT: Readonly<{ [F in TransportFailure]: { code: string; detail: string } }> = {
  'name-resolution': { code: 'ENOTFOUND', detail: `cannot resolve the host name of ${RELAY_HOST}` },
  'connection-refused': { code: 'ECONNREFUSED', detail: `${RELAY_HOST} refused the connection` },
  'connect-timeout': {
    code: 'CONNECT_TIMEOUT',
    detail: `timeout while connecting to ${RELAY_HOST}`,
  },
  'read-timeout': {
    code: 'READ_TIMEOUT',
    detail: `timeout while waiting for the response of ${RELAY_HOST}`,
  },
  'connection-closed': { code: 'ECONNRESET', detail: `lost the connection to ${RELAY_HOST}` },
  'tls-expired': tls('CERT_HAS_EXPIRED'),
  'tls-untrusted': tls('SELF_SIGNED_CERT_IN_CHAIN'),
  'tls-wrong-name': tls('CERT_ALTNAME_INVALID'),
}

function tls(reason: string): { code: string; detail: string } {
  return { code: `TLS_${reason}`, detail: `TLS connection to ${RELAY_HOST} failed (${reason})` }
}
