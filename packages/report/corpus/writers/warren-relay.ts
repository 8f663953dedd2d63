import { relayText } from '@warren/runtime'
import { NodeSummaries, relayLogText } from '@warren/relay'
import { lookUp } from '../simulation/facts.ts'
import type { Fact, FactOf, FactTable } from '../simulation/facts.ts'
import { DATABASE_LOST, dependencyRecords } from './dependency-records.ts'
import { jsonLines, textLines } from './warren-lines.ts'
import { MinuteSummary, PERIOD_MS } from './warren-records.ts'
import type { WarrenRecord } from './warren-records.ts'
import { BROKER_ADDRESS, UPSTREAM } from './written-line.ts'
import type { WriterOptions, WrittenLine } from './written-line.ts'

/** Log of Warren's relay, one JSON object per line. */
export function writeRelayJson(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return jsonLines(relayRecords(facts, options), 'relay', options)
}

/** Log of Warren's relay with LOG_FORMAT=text, as the .NET relay would log it. */
export function writeRelayText(facts: readonly Fact[], options: WriterOptions): WrittenLine[] {
  return textLines(relayRecords(facts, options), 'relay', relayText(relayLogText), options)
}

/** How long before the first log line the first period began. */
const SUMMARY_PHASE_MS = 41_300

function relayRecords(facts: readonly Fact[], options: WriterOptions): WarrenRecord[] {
  const summaries = new Map<string, MinuteSummary>()
  const summaryOf = (link: string): MinuteSummary => {
    let summary = summaries.get(link)
    if (summary === undefined) {
      summary = new MinuteSummary(link, options.from - SUMMARY_PHASE_MS)
      summaries.set(link, summary)
    }
    return summary
  }
  for (const type of ['a', 'b']) summaryOf(`${UPSTREAM} ${type}`)
  const records = facts.flatMap((fact) => {
    count(fact, summaryOf)
    return lookUp(RECORDS, fact) ?? []
  })
  const stalls = facts.filter((fact) => fact.kind === 'relay stalled')
  const isStalled = (at: number): boolean =>
    stalls.some(({ time, until }) => at > time && at < until)
  const minutes = [
    ...nodeRecords(facts, options, isStalled),
    ...[...summaries.values()].flatMap((summary) => summary.records(options)),
    ...dependencyRecords(facts, options, QUEUE_LOST),
  ]
  const written = minutes.filter(({ at }) => !isStalled(at))
  return [...records, ...written].sort((a, b) => a.at - b.at)
}

/** The summaries of nodes, as the relay logs them once a minute. */
function nodeRecords(
  facts: readonly Fact[],
  { from, to, registered }: WriterOptions,
  isStalled: (at: number) => boolean,
): WarrenRecord[] {
  const start = from - SUMMARY_PHASE_MS
  const summaries = new NodeSummaries(start)
  for (const client of registered) summaries.add(client, client, start)
  const requests = facts
    .filter((fact) => fact.kind === 'request')
    .toSorted((a, b) => a.time - b.time)
  const records: WarrenRecord[] = []
  let next = 0
  for (let end = start + PERIOD_MS; end <= to; end += PERIOD_MS) {
    for (let request = requests[next]; request !== undefined; request = requests[next]) {
      if (request.time >= end) break
      const { client = '', status, durationMs } = request
      summaries.record(client, String(status), durationMs)
      next += 1
    }
    if (isStalled(end)) continue
    for (const { msg, fields } of summaries.flush(end)) {
      records.push({ at: end, level: 'info', msg, fields })
    }
  }
  return records
}

function count(fact: Fact, summaryOf: (link: string) => MinuteSummary): void {
  if (fact.kind === 'upstream polled') {
    summaryOf(`${UPSTREAM} ${fact.type}`).count(fact.time, String(fact.status), fact.durationMs)
  }
  if (fact.kind === 'upstream poll failed') {
    summaryOf(`${UPSTREAM} ${fact.type}`).count(fact.time, 'error', 30)
  }
}

const RECORDS: FactTable<WarrenRecord[]> = {
  'relay started': (fact) =>
    entry(fact.time, 'info', 'relay started', {
      version: '0.1.0',
      host: '0.0.0.0',
      port: 8080,
      store: 'postgresql',
      queue: 'rabbitmq',
      upstreams: [UPSTREAM],
    }),
  login: (fact) => login(fact),
  request: (fact) => request(fact),
  'upstream polled': (fact) => {
    const { type, status } = fact
    const durationMs = Math.round(fact.durationMs)
    return entry(fact.time, 'debug', 'upstream poll answered', {
      upstream: UPSTREAM,
      type,
      status,
      durationMs,
    })
  },
  'upstream poll failed': (fact) => {
    const { type, status = 503, retryInMs } = fact
    const failure = upstreamFailure(status, fact.time)
    const rest = { durationMs: 30, retryInMs }
    return entry(fact.time, 'error', 'upstream poll failed', {
      upstream: UPSTREAM,
      type,
      ...failure,
      ...rest,
    })
  },
  'store lost': (fact) =>
    entry(fact.time, 'error', 'database unavailable', {
      code: 'ECONNREFUSED',
      detail: DATABASE_LOST,
    }),
  'database recovered': (fact) => entry(fact.time, 'info', 'database recovered', {}),
  'queue lost': (fact) =>
    entry(fact.time, 'error', 'queue unavailable', { detail: QUEUE_LOST[fact.why] }),
  'queue recovered': (fact) => entry(fact.time, 'info', 'queue recovered', {}),
  'task retrieved': (fact) => {
    const { taskId, taskKind: kind } = fact
    return entry(fact.time, 'info', 'task received', { taskId, kind, upstream: UPSTREAM })
  },
  'task admitted': (fact) =>
    entry(fact.time, 'info', 'task admitted', { taskId: fact.taskId, nodes: fact.nodes }),
  'task handed out': (fact) => {
    const { taskId, subtaskId, node, requestId } = fact
    return entry(fact.time, 'info', 'task handed out', {
      taskId,
      subtaskId,
      node,
      attempt: 1,
      requestId,
    })
  },
  'result stored': (fact) => entry(fact.time, 'info', 'result stored', answer(fact)),
  'result late': (fact) => entry(fact.time, 'warn', 'result late', answer(fact)),
  'lease returned': (fact) => {
    const { taskId, subtaskId, node } = fact
    const more = { attempt: 1, exhausted: false }
    return entry(fact.time, 'warn', 'lease returned', { taskId, subtaskId, node, ...more })
  },
  'task expired': ({ time, taskId, taskKind: kind, clients }) => {
    const deadlineMs = kind === 'availability' ? 240_000 : 6_480_000
    const about = { taskId, kind, missing: clients.length, users: clients, deadlineMs }
    return entry(time, 'warn', 'task expired', about)
  },
  'task settled': (fact) => {
    const { taskId, asked, answered, late } = fact
    return entry(fact.time, 'info', 'task settled', { taskId, asked, answered, failed: 0, late })
  },
  submitting: (fact) => {
    const { taskId, attempt } = fact
    return entry(fact.time, 'info', 'submitting result', { taskId, upstream: UPSTREAM, attempt })
  },
  submitted: (fact) => {
    const { taskId, attempt } = fact
    const requestId = requestIdAt(fact.time)
    const outcome = { outcome: 'accepted', status: 200, requestId }
    const durationMs = Math.round(fact.durationMs)
    const about = { taskId, upstream: UPSTREAM, attempt }
    return entry(fact.time, 'info', 'result submitted', { ...about, ...outcome, durationMs })
  },
  'submission failed': (fact) => {
    const { taskId, attempt, status, retryInMs } = fact
    const failure = upstreamFailure(status, fact.time)
    return entry(fact.time, 'warn', 'submission failed', {
      taskId,
      upstream: UPSTREAM,
      attempt,
      ...failure,
      retryInMs,
    })
  },
  'submission given up': (fact) => {
    const { taskId, attempt, status } = fact
    const { detail, ...failure } = upstreamFailure(status, fact.time)
    const reason = `the deadline has passed; last failure ${failure.code}: ${detail}`
    const about = { taskId, upstream: UPSTREAM, attempt }
    return entry(fact.time, 'error', 'submission abandoned', { ...about, ...failure, reason })
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

function answer(fact: FactOf<'result stored' | 'result late'>): object {
  const { taskId, subtaskId, node, requestId } = fact
  return { taskId, subtaskId, node, status: 'ok', requestId }
}

function login(fact: FactOf<'login'>): WarrenRecord[] {
  const { time: at, outcome, client, collection, path, requestId } = fact
  if (outcome === 'validated') {
    return [
      { at, level: 'debug', msg: 'credentials validated', fields: { user: client, requestId } },
    ]
  }
  const who = client === undefined ? {} : { user: client }
  const fields = { reason: outcome, ...who, collection, path, requestId }
  return [{ at, level: 'warn', msg: 'authentication failed', fields }]
}

function request(fact: FactOf<'request'>): WarrenRecord[] {
  const { time: at, requestId, method, path, status, client, node, failure } = fact
  const probe = path === '/livez' || path === '/readyz' || path === '/healthz'
  const quiet = (status === 204 || probe) && status < 400
  const held = fact.heldMs > 0 ? { heldMs: tenThousandths(fact.heldMs) } : {}
  const who = client === undefined ? {} : { user: client, node }
  const durationMs = tenThousandths(fact.durationMs)
  const fields = { requestId, method, path, status, durationMs, ...held, ...who }
  const completed = {
    at,
    level: quiet ? 'debug' : 'info',
    msg: 'request completed',
    fields,
  } as const
  if (failure !== 'defect') return [completed]
  const err = {
    type: 'TypeError',
    message: "Cannot read properties of undefined (reading 'id')",
    stack:
      "TypeError: Cannot read properties of undefined (reading 'id')\n    at handle (file:///app/packages/relay/src/http/next-job.route.ts:41:19)",
  }
  return [
    { at: at - 0.2, level: 'error', msg: 'request failed', fields: { err, requestId } },
    completed,
  ]
}

function upstreamFailure(status: number, at: number) {
  const host = 'upstream.example.net'
  const detail = `${host} answered ${status}`
  return { kind: 'unavailable', code: `HTTP_${status}`, status, detail, requestId: requestIdAt(at) }
}

function requestIdAt(time: number): string {
  return Math.floor(time * 1000)
    .toString(16)
    .padStart(16, '0')
    .slice(-16)
}

function tenThousandths(ms: number): number {
  return Math.round(ms * 10_000) / 10_000
}

const QUEUE_LOST: Readonly<{ [W in FactOf<'queue lost'>['why']]: string }> = {
  refused: `connect ECONNREFUSED ${BROKER_ADDRESS}:5672`,
  login:
    'CONN_CLOSE: Handshake terminated by server: ACCESS-REFUSED (403) with message "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."',
  heartbeat: 'CONN_CLOSE: socket closed unexpectedly by server',
  alarm: 'the broker blocks publishing: low on memory',
}
