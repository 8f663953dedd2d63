import type { ClientEvent, Failure, HubEvent } from '../world/journal.ts'
import type { WorldClient } from '../world/world.ts'
import type { LogLine } from './log-line.ts'

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const
type Level = keyof typeof LEVELS

type Say = (at: number, level: Level, msg: string, fields?: Record<string, unknown>) => void

function writer(
  component: string,
  hostname: string,
  debug: boolean,
  skewMs: number,
): { written: LogLine[]; say: Say } {
  const written: LogLine[] = []
  const say: Say = (at, level, msg, fields = {}) => {
    if (level === 'debug' && !debug) return
    const clock = at + skewMs
    written.push({
      at: clock,
      lines: [
        JSON.stringify({
          level: LEVELS[level],
          time: Math.round(clock),
          component,
          hostname,
          ...fields,
          msg,
        }),
      ],
    })
  }
  return { written, say }
}

/** Our own client. */
export function writeWarrenBunny(
  client: WorldClient,
  events: readonly ClientEvent[],
  debug: boolean,
): LogLine[] {
  const { written, say } = writer(
    'bunny',
    `bunny-${client.name}-7d4f9c5b68-x2x${client.twinOf === undefined ? 'a' : 'b'}z`,
    debug,
    client.skewMs,
  )
  const summary = new Summary(say, 'relay')
  for (const event of events) {
    summary.upTo(event.at)
    switch (event.what) {
      case 'started':
        say(event.at, 'info', 'bunny starting', { version: event.version })
        say(event.at + 800, 'info', 'bunny started', {
          version: event.version,
          relay: 'https://relay.example.org/link_connector_api',
          database: 'PostgreSQL 17',
        })
        break
      case 'sent':
        say(event.at, 'debug', 'poll sent', {
          requestId: event.requestId,
          url: 'https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]',
        })
        break
      case 'answered':
        say(event.at, 'debug', 'poll answered', {
          requestId: event.requestId,
          status: event.status,
          durationMs: Math.round(event.ms),
        })
        if (event.status === 204) say(event.at, 'debug', 'no task')
        summary.count(String(event.status), event.ms)
        break
      case 'failed':
        say(event.at, 'error', event.posting ? 'result post failed' : 'poll failed', {
          requestId: event.requestId,
          ...nodeError(event.failure),
          durationMs: Math.round(event.ms),
          retryInMs: 5000,
        })
        summary.count(typeof event.failure === 'number' ? String(event.failure) : 'error', event.ms)
        break
      case 'task':
        say(event.at, 'info', 'task received', {
          taskId: event.taskId,
          kind: 'availability',
          requestId: event.requestId,
        })
        break
      case 'solved':
        say(event.at, 'info', 'task solved', {
          taskId: event.taskId,
          kind: 'availability',
          status: 'ok',
          count: 120,
          durationMs: Math.round(event.ms),
        })
        break
      case 'posted':
        if (event.status < 300)
          say(event.at, 'info', 'result posted', {
            taskId: event.taskId,
            requestId: event.requestId,
            status: event.status,
            durationMs: Math.round(event.ms),
          })
        else
          say(event.at, 'error', 'result refused', {
            taskId: event.taskId,
            requestId: event.requestId,
            status: event.status,
            attempt: 1,
          })
        break
      case 'unanswerable':
        say(event.at, 'warn', 'task not answerable', {
          taskId: event.taskId,
          reason: 'cohort.groups[0]: unknown',
          cause: 'invalid',
        })
        break
      default:
        event satisfies never
    }
  }
  return written
}

/** Our own hub. */
export function writeWarrenRelay(
  events: readonly HubEvent[],
  options: {
    debug: boolean
    queue: 'rabbitmq' | 'database'
    clients: readonly WorldClient[]
    startedBefore: boolean
  },
): LogLine[] {
  const { written, say } = writer('relay', 'relay-0', options.debug, 0)
  const summaries = new Map(
    options.clients
      .filter(({ twinOf }) => twinOf === undefined)
      .map(({ name }) => [name, new Summary(say, `node ${name}`)]),
  )
  const upstreams = new Map(
    (['a', 'b'] as const).map((type) => [type, new Summary(say, `upstream ${type}`)]),
  )
  const first = events[0]
  if (first !== undefined && !options.startedBefore) {
    say(first.at - 50, 'info', 'relay started', {
      version: '1.0.0',
      host: '0.0.0.0',
      port: 8080,
      store: 'postgres',
      queue: options.queue,
    })
  }
  const refusals = new Map<string, Extract<HubEvent, { what: 'refused' }>>()
  for (const event of events) {
    for (const summary of [...summaries.values(), ...upstreams.values()]) summary.upTo(event.at)
    if (event.what === 'refused' && event.requestId !== 'probe')
      refusals.set(event.requestId, event)
    if (event.what === 'request') {
      const who = event.client === '' ? {} : { client: event.client, node: event.collection }
      const path = event.path.replace(
        event.collection === '' ? '\u0000' : event.collection,
        '[REDACTED]',
      )
      const probe = event.path === '/healthz'
      const quiet = event.status < 400 && (event.status === 204 || probe)
      say(event.at, quiet ? 'debug' : 'info', 'request completed', {
        requestId: event.requestId,
        method: event.method,
        path: probe ? '/readyz' : path,
        status: event.status,
        durationMs: Number(event.ms.toFixed(4)),
        ...who,
      })
      if (event.client !== '') summaries.get(event.client)?.count(String(event.status), event.ms)
      if (event.exception === 'other')
        say(event.at, 'error', 'request failed', {
          requestId: event.requestId,
          err: { message: 'unexpected' },
        })
      continue
    }
    if (event.what === 'upstream-poll')
      upstreams.get(event.type)?.count(String(event.status), event.ms)
    if (event.what === 'upstream-failed') upstreams.get(event.type)?.count('error', 90)
    writeHubEvent(event, say)
  }
  return written
}

function writeHubEvent(event: HubEvent, say: Say): void {
  const { at } = event
  switch (event.what) {
    case 'started':
      say(at, 'info', 'relay started', {
        version: '1.0.0',
        host: '0.0.0.0',
        port: 8080,
        store: 'postgres',
        queue: 'rabbitmq',
      })
      break
    case 'validated':
      say(at, 'debug', 'credentials validated', {
        client: event.client,
        requestId: event.requestId,
      })
      break
    case 'refused':
      if (event.requestId === 'probe') break
      say(at, 'warn', 'authentication failed', {
        reason: event.reason,
        ...(event.client === '' ? {} : { client: event.client }),
        path: event.path.replace(event.collection, '[REDACTED]'),
        requestId: event.requestId,
      })
      break
    case 'task':
      say(at, 'info', 'task received', {
        taskId: event.taskId,
        kind: 'availability',
        upstream: 'main',
      })
      say(at + 4, 'info', 'task admitted', { taskId: event.taskId, nodes: 3 })
      break
    case 'handed-out':
      say(at, 'info', 'task handed out', {
        taskId: event.taskId,
        subtaskId: event.subtaskId,
        node: event.collection,
        attempt: 1,
        requestId: event.requestId,
      })
      break
    case 'stored':
      say(at, event.late ? 'warn' : 'info', event.late ? 'answer late' : 'answer stored', {
        taskId: event.taskId,
        subtaskId: event.subtaskId,
        node: event.collection,
        ...(event.late ? {} : { status: 'ok' }),
        requestId: event.requestId,
      })
      break
    case 'lease-returned':
      say(at, 'warn', 'lease returned', {
        taskId: event.taskId,
        subtaskId: event.subtaskId,
        node: event.collection,
        attempt: 1,
      })
      break
    case 'expired':
      say(at, 'warn', 'task expired', { taskId: event.taskId, missing: 1 })
      break
    case 'submitting':
      say(at, 'info', 'submitting result', {
        taskId: event.taskId,
        upstream: 'main',
        attempt: event.attempt,
      })
      break
    case 'submitted':
      say(at, 'info', 'result delivered', {
        taskId: event.taskId,
        upstream: 'main',
        attempt: event.attempt,
        status: 200,
        durationMs: Math.round(event.ms),
      })
      break
    case 'submission-failed':
      say(at, 'warn', 'delivery failed', {
        taskId: event.taskId,
        upstream: 'main',
        attempt: event.attempt,
        kind: 'unavailable',
        code: `HTTP_${event.status}`,
        status: event.status,
        detail: 'the upstream failed',
        retryInMs: 5000,
      })
      break
    case 'upstream-poll':
      say(at, 'debug', 'upstream poll answered', {
        upstream: 'main',
        type: event.type,
        status: event.status,
        durationMs: event.ms,
      })
      break
    case 'upstream-failed':
      say(at, 'error', 'upstream poll failed', {
        upstream: 'main',
        type: event.type,
        ...nodeError(event.failure),
        retryInMs: 5000,
      })
      break
    case 'broker-down':
      say(at, 'error', 'queue unavailable', {
        detail: event.refused
          ? 'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN'
          : 'connect ECONNREFUSED 10.0.0.8:5672',
      })
      break
    case 'broker-up':
      say(at, 'info', 'queue recovered')
      break
    case 'store-down':
      say(at, 'error', 'store unavailable', {
        code: 'ECONNREFUSED',
        detail: 'connect ECONNREFUSED 10.0.0.9:5432',
      })
      break
    case 'store-up':
      say(at, 'info', 'store recovered')
      break
    case 'request':
    case 'statement':
    case 'sweep':
      break
    default:
      event satisfies never
  }
}

/** One `link summary` a minute, also when nothing happened. */
class Summary {
  readonly #say: Say
  readonly #link: string
  #polls = new Map<string, number>()
  #times: number[] = []
  #next = Number.NaN

  constructor(say: Say, link: string) {
    this.#say = say
    this.#link = link
  }

  count(outcome: string, ms: number): void {
    this.#polls.set(outcome, (this.#polls.get(outcome) ?? 0) + 1)
    this.#times.push(ms)
  }

  upTo(at: number): void {
    if (Number.isNaN(this.#next)) this.#next = at + 60_000
    while (at >= this.#next) {
      const times = this.#times.toSorted((a, b) => a - b)
      const quantile = (q: number): number =>
        Math.round(times[Math.min(times.length - 1, Math.floor(q * times.length))] ?? 0)
      this.#say(this.#next, 'info', 'link summary', {
        link: this.#link,
        polls: Object.fromEntries(this.#polls),
        ...(times.length === 0
          ? {}
          : { p50Ms: quantile(0.5), p95Ms: quantile(0.95), maxMs: Math.round(times.at(-1) ?? 0) }),
        windowMs: 60_000,
      })
      this.#polls = new Map()
      this.#times = []
      this.#next += 60_000
    }
  }
}

function nodeError(failure: Failure): Record<string, unknown> {
  const transport = (code: string, detail: string): Record<string, unknown> => ({
    kind: 'transport',
    code,
    detail,
  })
  switch (failure) {
    case 'dns':
      return transport('ENOTFOUND', 'getaddrinfo ENOTFOUND relay.example.org')
    case 'refused':
      return transport('ECONNREFUSED', 'connect ECONNREFUSED 192.0.2.1:443')
    case 'connect-timeout':
      return transport('CONNECT_TIMEOUT', 'no connection within 10 s')
    case 'read-timeout':
      return transport('READ_TIMEOUT', 'no answer within 30 s')
    case 'reset':
      return transport('ECONNRESET', 'the other side closed the connection')
    case 'tls-expired':
      return transport('TLS_CERT_HAS_EXPIRED', 'certificate has expired')
    case 'tls-untrusted':
      return transport(
        'TLS_UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
        'unable to get local issuer certificate',
      )
    case 'tls-wrong-name':
      return transport(
        'TLS_CERT_ALTNAME_INVALID',
        "Hostname/IP does not match certificate's altnames",
      )
    case 'proxy-auth':
      return {
        kind: 'refused',
        code: 'HTTP_407',
        status: 407,
        detail: 'proxy authentication required',
      }
    case 'not-json':
      return { kind: 'nonsense', code: 'NOT_JSON', detail: 'the answer is not valid JSON' }
    default:
      return {
        kind: failure === 401 ? 'authentication' : failure < 500 ? 'refused' : 'unavailable',
        code: `HTTP_${failure}`,
        status: failure,
        detail: `answered ${failure}`,
      }
  }
}
