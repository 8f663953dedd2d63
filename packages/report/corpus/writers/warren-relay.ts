import { relayText } from '@warren/runtime'
import { relayLogText } from '@warren/relay'
import type { Fact, FactOf } from '../simulation/facts.ts'
import { jsonLines, textLines } from './warren-lines.ts'
import { MinuteSummary } from './warren-records.ts'
import type { Record } from './warren-records.ts'
import { BROKER_ADDRESS, DATABASE_ADDRESS, UPSTREAM } from './written-line.ts'
import type { WriterOptions, WrittenLine } from './written-line.ts'

/** The log of our hub, one JSON object a line. */
export function writeRelayJson(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return jsonLines(relayRecords(facts, options), 'relay', options)
}

/** The log of our hub with LOG_FORMAT=text: what the .NET hub would have written. */
export function writeRelayText(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return textLines(relayRecords(facts, options), 'relay', relayText(relayLogText), options)
}

function relayRecords(facts: readonly Fact[], options: WriterOptions): Record[] {
  const summaries = new Map<string, MinuteSummary>()
  const summaryOf = (link: string): MinuteSummary => {
    let summary = summaries.get(link)
    if (summary === undefined) {
      summary = new MinuteSummary(link, options.from - 41_300)
      summaries.set(link, summary)
    }
    return summary
  }
  for (const type of ['a', 'b']) summaryOf(`${UPSTREAM} ${type}`)
  for (const client of options.registered) summaryOf(`node ${client}`)
  const records = facts.flatMap((fact) => {
    count(fact, summaryOf)
    return recordsOf(fact)
  })
  const minutes = [...summaries.values()].flatMap((summary) => summary.records(options))
  return [...records, ...minutes].sort((a, b) => a.at - b.at)
}

function count(fact: Fact, summaryOf: (link: string) => MinuteSummary): void {
  if (fact.kind === 'request' && fact.client !== undefined) {
    summaryOf(`node ${fact.client}`).count(fact.time, String(fact.status), fact.durationMs)
  }
  if (fact.kind === 'upstream polled') {
    summaryOf(`${UPSTREAM} ${fact.type}`).count(fact.time, String(fact.status), fact.durationMs)
  }
  if (fact.kind === 'upstream poll failed') {
    summaryOf(`${UPSTREAM} ${fact.type}`).count(fact.time, 'error', 30)
  }
}

function recordsOf(fact: Fact): Record[] {
  const at = fact.time
  const one = (level: Record['level'], msg: string, fields: object): Record[] => [
    { at, level, msg, fields },
  ]
  switch (fact.kind) {
    case 'hub started':
      return one('info', 'relay started', {
        version: '0.1.0',
        host: '0.0.0.0',
        port: 8080,
        store: 'postgresql',
        queue: 'rabbitmq',
        upstreams: [UPSTREAM],
      })
    case 'login':
      return login(fact)
    case 'request':
      return request(fact)
    case 'upstream polled': {
      const { type, status } = fact
      const durationMs = Math.round(fact.durationMs)
      return one('debug', 'upstream poll answered', { upstream: UPSTREAM, type, status, durationMs })
    }
    case 'upstream poll failed': {
      const { type, status = 503, retryInMs } = fact
      const failure = upstreamFailure(status, at)
      const rest = { durationMs: 30, retryInMs }
      return one('error', 'upstream poll failed', { upstream: UPSTREAM, type, ...failure, ...rest })
    }
    case 'store lost':
      return one('error', 'store unavailable', {
        code: 'ECONNREFUSED',
        detail: `connect ECONNREFUSED ${DATABASE_ADDRESS}:5432`,
      })
    case 'store recovered':
      return one('info', 'store recovered', {})
    case 'queue lost':
      return one('error', 'queue unavailable', { detail: QUEUE_LOST[fact.why] })
    case 'queue recovered':
      return one('info', 'queue recovered', {})
    default:
      return taskRecords(fact)
  }
}

function taskRecords(fact: Fact): Record[] {
  const at = fact.time
  const one = (level: Record['level'], msg: string, fields: object): Record[] => [
    { at, level, msg, fields },
  ]
  switch (fact.kind) {
    case 'task retrieved': {
      const { taskId, taskKind: kind } = fact
      return one('info', 'task received', { taskId, kind, upstream: UPSTREAM })
    }
    case 'task admitted':
      return one('info', 'task admitted', { taskId: fact.taskId, nodes: fact.nodes })
    case 'task handed out': {
      const { taskId, subtaskId, node, requestId } = fact
      return one('info', 'task handed out', { taskId, subtaskId, node, attempt: 1, requestId })
    }
    case 'answer stored':
    case 'answer late': {
      const { taskId, subtaskId, node, requestId } = fact
      const level = fact.kind === 'answer late' ? 'warn' : 'info'
      return one(level, fact.kind, { taskId, subtaskId, node, status: 'ok', requestId })
    }
    case 'lease returned': {
      const { taskId, subtaskId, node } = fact
      const more = { attempt: 1, exhausted: false }
      return one('warn', 'lease returned', { taskId, subtaskId, node, ...more })
    }
    case 'task expired':
      return one('warn', 'task expired', { taskId: fact.taskId, missing: fact.missing })
    case 'task settled': {
      const { taskId, asked, answered, late } = fact
      return one('info', 'task settled', { taskId, asked, answered, failed: 0, late })
    }
    default:
      return deliveryRecords(fact)
  }
}

function deliveryRecords(fact: Fact): Record[] {
  const at = fact.time
  const one = (level: Record['level'], msg: string, fields: object): Record[] => [
    { at, level, msg, fields },
  ]
  switch (fact.kind) {
    case 'submitting': {
      const { taskId, attempt } = fact
      return one('info', 'submitting result', { taskId, upstream: UPSTREAM, attempt })
    }
    case 'submitted': {
      const { taskId, attempt } = fact
      const requestId = requestIdAt(at)
      const outcome = { outcome: 'accepted', status: 200, requestId }
      const durationMs = Math.round(fact.durationMs)
      const about = { taskId, upstream: UPSTREAM, attempt }
      return one('info', 'result delivered', { ...about, ...outcome, durationMs })
    }
    case 'submission failed': {
      const { taskId, attempt, status, retryInMs } = fact
      const failure = upstreamFailure(status, at)
      return one('warn', 'delivery failed', {
        taskId,
        upstream: UPSTREAM,
        attempt,
        ...failure,
        retryInMs,
      })
    }
    case 'submission given up': {
      const { taskId, attempt, status } = fact
      const { detail, ...failure } = upstreamFailure(status, at)
      const reason = `not taken in time; last failure ${failure.code}: ${detail}`
      const about = { taskId, upstream: UPSTREAM, attempt }
      return one('error', 'delivery abandoned', { ...about, ...failure, reason })
    }
    default:
      return []
  }
}

function login(fact: FactOf<'login'>): Record[] {
  const { time: at, outcome, client, collection, path, requestId } = fact
  if (outcome === 'validated') {
    return [{ at, level: 'debug', msg: 'credentials validated', fields: { client, requestId } }]
  }
  const who = client === undefined ? {} : { client }
  const fields = { reason: outcome, ...who, collection, path, requestId }
  return [{ at, level: 'warn', msg: 'authentication failed', fields }]
}

function request(fact: FactOf<'request'>): Record[] {
  const { time: at, requestId, method, path, status, client, node, trouble } = fact
  const probe = path === '/livez' || path === '/readyz' || path === '/healthz'
  const quiet = (status === 204 || probe) && status < 400
  const held = fact.heldMs > 0 ? { heldMs: tenThousandths(fact.heldMs) } : {}
  const who = client === undefined ? {} : { client, node }
  const durationMs = tenThousandths(fact.durationMs)
  const fields = { requestId, method, path, status, durationMs, ...held, ...who }
  const completed = { at, level: quiet ? 'debug' : 'info', msg: 'request completed', fields } as const
  if (trouble !== 'defect') return [completed]
  const err = {
    type: 'TypeError',
    message: "Cannot read properties of undefined (reading 'id')",
    stack:
      "TypeError: Cannot read properties of undefined (reading 'id')\n    at handle (file:///app/packages/relay/src/http/next-job.route.ts:41:19)",
  }
  return [{ at: at - 0.2, level: 'error', msg: 'request failed', fields: { err, requestId } }, completed]
}

function upstreamFailure(status: number, at: number) {
  const host = 'upstream.example.net'
  const detail = `${host} answered ${status}`
  return { kind: 'unavailable', code: `HTTP_${status}`, status, detail, requestId: requestIdAt(at) }
}

function requestIdAt(time: number): string {
  return Math.floor(time * 1000).toString(16).padStart(16, '0').slice(-16)
}

function tenThousandths(ms: number): number {
  return Math.round(ms * 10_000) / 10_000
}

const QUEUE_LOST: Readonly<{ [W in FactOf<'queue lost'>['why']]: string }> = {
  refused: `connect ECONNREFUSED ${BROKER_ADDRESS}:5672`,
  login:
    'CONN_CLOSE: Handshake terminated by server: ACCESS-REFUSED (403) with message "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."',
  heartbeat: 'CONN_CLOSE: socket closed unexpectedly by server',
  alarm: 'the broker takes no messages: low on memory',
}
