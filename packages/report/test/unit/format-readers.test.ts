import { relayLogText } from '@warren/relay'
import { relayText } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { outcomeText } from '../../src/facts/link-stats.ts'
import type { LinkStats } from '../../src/facts/link-stats.ts'
import { factsOf, sourceOf } from '../fixtures/source-of.ts'

const URL = 'https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]'
const COLLECTION = '6f1e9c1a-0000-4000-8000-000000000001'

const statuses = (stats: LinkStats | undefined): Record<string, number> =>
  Object.fromEntries([...(stats?.statuses ?? [])].map(([status, n]) => [outcomeText(status), n]))
const problems = (stats: LinkStats | undefined): Record<string, number> =>
  Object.fromEntries([...(stats?.problems ?? [])].map(([cause, { count }]) => [cause, count]))

describe('the Python bunny', () => {
  it('counts a poll that is logged twice once, with its response', () => {
    const { link, host } = factsOf(
      sourceOf(
        `DEBUG - 26-Sep-25 07:56:21 - Sending get request to ${URL}`,
        `DEBUG - 26-Sep-25 07:56:21 - Sending get request to ${URL} with data None and kwargs {}`,
        'DEBUG - 26-Sep-25 07:56:21 - Response Status: 204',
        'DEBUG - 26-Sep-25 07:56:21 - No task found. Looking for task...',
      ),
      'client',
    )
    expect(statuses(link)).toEqual({ 204: 1 })
    expect(link.unanswered).toBe(0)
    expect(host).toBe('relay.example.org')
  })

  it('counts a rejected poll once, although both a status line and an error line show it', () => {
    const { link } = factsOf(
      sourceOf(
        `DEBUG - 26-Sep-25 07:56:21 - Sending get request to ${URL}`,
        'DEBUG - 26-Sep-25 07:56:21 - Response Status: 401',
        `ERROR - 26-Sep-25 07:56:21 - Network error occurred: 401 Client Error: Unauthorized for url: ${URL}`,
      ),
      'client',
    )
    expect(statuses(link)).toEqual({ 401: 1 })
    expect(problems(link)).toEqual({ 'auth-refused': 1 })
  })

  it('reads the cause of an error from its traceback, and closes the problem with the next success', () => {
    const { link } = factsOf(
      sourceOf(
        'ERROR - 26-Sep-25 07:58:00 - Network error occurred: HTTPSConnectionPool: Max retries exceeded (Caused by',
        "NewConnectionError('...: Failed to establish a new connection: [Errno 111] Connection refused'))",
        `DEBUG - 26-Sep-25 07:58:10 - Sending get request to ${URL}`,
        'DEBUG - 26-Sep-25 07:58:10 - Response Status: 204',
      ),
      'client',
    )
    expect(problems(link)).toEqual({ 'connection-refused': 1 })
    const [period] = link.problems.get('connection-refused')?.periods ?? []
    expect((period?.recoveredAt ?? 0) - (period?.from ?? 0)).toBe(10_000)
  })

  it('follows a task to its result', () => {
    const client = factsOf(
      sourceOf(
        'INFO - 26-Sep-25 07:57:01 - Task received. Resolving...',
        'INFO - 26-Sep-25 07:57:02 - Executing SQL query:',
        'SELECT count(*) FROM person',
        'INFO - 26-Sep-25 07:57:03 - Task resolved.',
      ),
      'client',
    )
    expect([client.received, client.solved, client.solveTime.max]).toEqual([1, 1, 2_000])
  })

  it('counts a result as lost when the last attempt to submit it failed', () => {
    const attempt = (second: string): string =>
      `WARNING - 26-Sep-25 07:59:${second} - Failed to post to task/result/0b7c/[REDACTED] at 1758869940.1. Trying again...`
    const received = 'INFO - 26-Sep-25 07:58:59 - Task received. Resolving...'
    const given = ['00', '05', '10', '15'].map(attempt)
    const { link, tasks } = factsOf(sourceOf(received, ...given), 'client')
    expect(problems(link)).toEqual({ 'relay-error': 4, 'task-not-answered': 1 })
    expect(tasks.records.map(({ seen }) => [...seen])).toEqual([['received', 'abandoned']])
    const retried = [received, ...given.slice(0, 3), 'INFO - 26-Sep-25 07:59:20 - Task resolved.']
    expect(problems(factsOf(sourceOf(...retried), 'client').link)).toEqual({ 'relay-error': 3 })
  })

  it('distinguishes an error of its database from a network error', () => {
    const { cdm, link } = factsOf(
      sourceOf(
        'ERROR - 26-Sep-25 07:57:01 - (psycopg2.OperationalError) connection to server at "10.0.0.3", port 5432 failed: Connection refused',
      ),
      'client',
    )
    expect(problems(cdm)).toEqual({ 'cdm-failing': 1 })
    expect(problems(link)).toEqual({})
  })

  it('counts unknown errors', () => {
    const { errors } = factsOf(
      sourceOf('ERROR - 26-Sep-25 07:57:01 - The sky is falling'),
      'client',
    )
    expect(errors.count).toBe(1)
  })
})

const request = (
  time: string,
  status: number,
  path = `/link_connector_api/task/nextjob/${COLLECTION}`,
): string => `[${time} INF] HTTP GET ${path} responded ${status} in 132.4785 ms`

describe('the .NET relay', () => {
  const relay = (...lines: string[]) => factsOf(sourceOf(...lines), 'relay')

  it('finds the client of a poll in the line about its credentials', () => {
    const facts = relay(
      '[07:56:21 INF] Credentials validated for Client: site-a',
      request('07:56:21', 204),
    )
    const [client] = facts.clients.all()
    expect([...(client?.names ?? [])]).toEqual([['site-a', 1]])
    expect(statuses(client?.stats)).toEqual({ 204: 1 })
    expect(client?.stats.latency.max).toBeCloseTo(132.4785)
  })

  it('distinguishes two clients with interleaved lines once each has polled alone', () => {
    const other = COLLECTION.replace('6f1e', 'aaaa')
    const path = `/link_connector_api/task/nextjob/${other}`
    const facts = relay(
      '[07:56:21 INF] Credentials validated for Client: site-a',
      '[07:56:21 INF] Credentials validated for Client: site-b',
      request('07:56:21', 204, path),
      request('07:56:21', 204),
      '[07:56:31 INF] Credentials validated for Client: site-a',
      request('07:56:31', 204),
      '[07:56:32 INF] Credentials validated for Client: site-b',
      request('07:56:32', 204, path),
    )
    const leading = facts.clients
      .all()
      .map(({ key, names }) => [key, [...names].toSorted((a, b) => b[1] - a[1])[0]?.[0]])
    expect(Object.fromEntries(leading)).toEqual({ [COLLECTION]: 'site-a', [other]: 'site-b' })
  })

  it('gives each rejection the reason that was logged before it', () => {
    const facts = relay(
      '[07:56:25 WRN] Invalid password for client: site-b',
      '[07:56:25 INF] Credentials failed validation for Client: site-b',
      request('07:56:25', 401),
      '[07:56:26 WRN] User not found: site-x',
      request('07:56:26', 401),
      `[07:56:27 WRN] collectionId '${COLLECTION}' is not valid for clientId 'site-c'.`,
      request('07:56:27', 401),
      '[07:56:28 INF] Basic was not authenticated. Failure message: Missing Authorization Header',
      request('07:56:28', 401),
    )
    const all = Object.assign(
      {},
      ...facts.clients.all().map(({ stats }) => problems(stats)),
    ) as object
    expect(all).toEqual({
      'auth-wrong-password': 1,
      'auth-unknown-user': 1,
      'auth-wrong-collection': 1,
      'auth-no-credentials': 1,
    })
  })

  it('assigns a missing header to the health probe', () => {
    const facts = relay(
      '[07:56:22 INF] Basic was not authenticated. Failure message: Missing Authorization Header',
      '[07:56:22 INF] HTTP GET /healthz responded 200 in 3.1201 ms',
    )
    expect(facts.probesWithoutCredentials).toBe(1)
    expect(facts.clients.all()).toEqual([])
  })

  it('does not count a missing header without a request as a client', () => {
    const facts = relay(
      '[07:56:12 INF] Basic was not authenticated. Failure message: Missing Authorization Header',
      request('07:56:22', 204),
      '[07:56:32 INF] Basic was not authenticated. Failure message: Missing Authorization Header',
    )
    expect(facts.clients.all().map(({ stats }) => problems(stats))).toEqual([{}])
  })

  it('assigns an exception to the request that failed', () => {
    const facts = relay(
      '[07:56:25 ERR] An unhandled exception has occurred while executing the request.',
      'System.NullReferenceException: Object reference not set to an instance of an object.',
      '   at Relay.Controllers.TaskController.GetNextJob(Guid collectionId)',
      request('07:56:25', 500),
      'System.NullReferenceException: Object reference not set to an instance of an object.',
      '   at Relay.Controllers.TaskController.GetNextJob(Guid collectionId)',
    )
    expect(facts.clients.all().map(({ stats }) => problems(stats))).toEqual([{ 'relay-error': 1 }])
    expect([...facts.upstreams.keys()]).toEqual([])
    expect(facts.errors.count).toBe(0)
  })

  it('finds its polls of the upstream in the lines of its HTTP client, even if two run at once', () => {
    const at = 'https://upstream.example.org/link_connector_api/task/nextjob/RQ-1'
    const source = '<s:System.Net.Http.HttpClient.ITaskApiClient.LogicalHandler>'
    const facts = relay(
      `[07:56:19 INF] Start processing HTTP request GET ${at}.a ${source}`,
      `[07:56:19 INF] Sending HTTP request GET ${at}.a ${source}`,
      `[07:56:25 INF] Start processing HTTP request GET ${at}.b ${source}`,
      `[07:56:25 INF] Received HTTP response headers after 77.5019ms - 503 ${source}`,
      `[07:56:25 INF] End processing HTTP request after 78.5019ms - 503 ${source}`,
      '[07:56:25 ERR] Failed to retrieve task from upstream',
      'System.Net.Http.HttpRequestException: Response status code does not indicate success: 503',
      `[07:56:31 INF] End processing HTTP request after 12007.25ms - 204 ${source}`,
    )
    expect([...facts.upstreams].map(([type, stats]) => [type, statuses(stats)])).toEqual([
      ['b', { 503: 1 }],
      ['a', { 204: 1 }],
    ])
    expect(problems(facts.upstreams.get('b'))).toEqual({ 'upstream-unreachable': 1 })
  })

  it('counts rejections even if requests are not logged at this level', () => {
    const facts = relay(
      '[07:56:25 WRN] Invalid password for client: site-b',
      '[07:56:35 WRN] Invalid password for client: site-b',
    )
    const [client] = facts.clients.all()
    expect(problems(client?.stats)).toEqual({ 'auth-wrong-password': 2 })
  })

  it('assigns an exception to the link it is about', () => {
    const facts = relay(
      '[07:56:25 ERR] An unhandled exception has occurred while executing the request.',
      'RabbitMQ.Client.Exceptions.BrokerUnreachableException: None of the specified endpoints were reachable',
      '[07:56:26 ERR] Failed executing DbCommand (30,003ms) [Parameters=[]',
      'SELECT 1',
      '[07:56:27 ERR] Failed to retrieve task from upstream',
      'System.Net.Http.HttpRequestException: Connection refused (upstream.example.org:443)',
      '[07:56:28 ERR] Something nobody knows',
      '[07:56:40 ERR] Task submission failed with 500 Internal Server Error. Retrying in 5 seconds... (1/5)',
    )
    expect(problems(facts.broker)).toEqual({ 'broker-refused': 1 })
    expect(problems(facts.database)).toEqual({ 'database-failing': 1 })
    expect(problems(facts.upstreams.get(''))).toEqual({ 'upstream-unreachable': 1 })
    expect(problems(facts.submissions)).toEqual({ 'submission-failing': 1 })
    expect(facts.errors.count).toBe(1)
  })

  it('follows a task from its arrival to its submission', () => {
    const id = '0b7c0000-0000-4000-8000-00000000000a'
    const { tasks } = relay(
      `[07:56:30 INF] Task retrieved: (AvailabilityJob) ${id}`,
      `[08:00:31 INF] Task:${id} has reached the expiry threshold of 00:04:00. Completing...`,
      `[08:00:31 INF] Submitting Results for ${id}.`,
      `[08:00:32 INF] Successfully submitted results for ${id}.`,
    )
    expect(tasks.records.map(({ id: task, kind, seen }) => [task, kind, [...seen]])).toEqual([
      [id, 'AvailabilityJob', ['received', 'expired', 'submitting', 'submitted']],
    ])
  })

  it('continues with the next day at midnight', () => {
    const source = sourceOf(request('23:59:58', 204), request('00:00:02', 204))
    expect(source.last - source.first).toBe(4_000)
  })
})

describe('the broker', () => {
  const broker = (...lines: string[]) => factsOf(sourceOf(...lines), 'broker')
  const at = '2026-11-22 06:52:57'

  it('counts a connection that is opened, authenticated and closed within milliseconds', () => {
    const facts = broker(
      `${at}.352983+00:00 [info] <0.725.0> accepting AMQP connection <0.725.0> (127.0.0.1:60700 -> 127.0.0.1:5672)`,
      `${at}.402752+00:00 [info] <0.725.0> connection <0.725.0> (127.0.0.1:60700 -> 127.0.0.1:5672): user 'relay' authenticated and granted access to vhost '/'`,
      `${at}.415895+00:00 [info] <0.725.0> closing AMQP connection <0.725.0> (127.0.0.1:60700 -> 127.0.0.1:5672, vhost: '/', user: 'relay')`,
    )
    expect([facts.accepted, facts.authenticated, facts.closed, facts.shortLived]).toEqual([
      1, 1, 1, 1,
    ])
    expect([...facts.users].map(([name, { logins }]) => [name, logins])).toEqual([['relay', 1]])
    expect(facts.lifetimes.max).toBeCloseTo(62.912)
  })

  it('reads the reason on the next line, with a time (3.9) or without (3.8)', () => {
    const facts = broker(
      `${at}.100000+00:00 [error] <0.763.0> Error on AMQP connection <0.763.0> (127.0.0.1:54514 -> 127.0.0.1:5672, state: starting):`,
      `${at}.100000+00:00 [error] <0.763.0> PLAIN login refused: user 'relay' - invalid credentials`,
      `${at}.200 [error] <0.764.0> closing AMQP connection <0.764.0> (127.0.0.1:54514 -> 127.0.0.1:5672):`,
      'missed heartbeats from client, timeout: 60s',
      `${at}.300000+00:00 [warning] <0.768.0> closing AMQP connection <0.768.0> (127.0.0.1:54516 -> 127.0.0.1:5672, vhost: '/', user: 'relay'):`,
      `${at}.300000+00:00 [warning] <0.768.0> client unexpectedly closed TCP connection`,
    )
    expect(problems(facts.link)).toEqual({
      'broker-auth-failed': 1,
      'broker-heartbeat-lost': 1,
      'broker-connection-lost': 1,
    })
    expect(facts.errors.count).toBe(0)
  })
})

describe('load balancers', () => {
  const alb = (status: string, target: string, times = '0.001 0.132 0.000'): string =>
    `https 2025-09-26T06:56:21.123456Z app/relay-lb/50dc 192.0.2.1:2817 10.0.0.1:80 ${times} ${status} ${target} 34 366 "GET https://relay.example.org:443/link_connector_api/task/nextjob/${COLLECTION} HTTP/1.1" "python-requests/2.32" ECDHE TLSv1.2 arn "Root=1" "relay.example.org" "arn"`

  it('ALB: distinguishes responses of the target from those of the load balancer', () => {
    const facts = factsOf(
      sourceOf(
        alb('204', '204'),
        alb('401', '401'),
        alb('502', '-', '0.001 -1 -1'),
        alb('503', '-', '-1 -1 -1'),
        alb('504', '-', '-1 -1 -1'),
        alb('460', '-', '-1 -1 -1'),
      ),
      'load-balancer',
    )
    expect(problems(facts.link)).toEqual({
      'proxy-502': 1,
      'proxy-503': 1,
      'proxy-504': 1,
      'client-left': 1,
    })
    expect(facts.link.ok).toBe(2)
    expect(facts.link.latency.max).toBeCloseTo(133)
    expect(facts.clients.all().map(({ key }) => key)).toEqual([COLLECTION])
  })

  it('NGINX: reads the user name', () => {
    const access = (user: string, status: number): string =>
      `192.0.2.1 - ${user} [26/Sep/2025:06:56:21 +0000] "GET /link_connector_api/task/nextjob/${COLLECTION} HTTP/1.1" ${status} 0 "-" "x"`
    const facts = factsOf(
      sourceOf(access('stranger', 401), access('-', 204), access('site-a', 204)),
      'load-balancer',
    )
    expect(facts.clients.all().map(({ names }) => [...names.keys()])).toEqual([['site-a']])
  })

  it('NGINX: access and error log', () => {
    const access = (status: number): string =>
      `192.0.2.1 - - [26/Sep/2025:06:56:21 +0000] "GET /link_connector_api/task/nextjob/${COLLECTION} HTTP/1.1" ${status} 0 "-" "python-requests/2.32" 310 0.132 [hub-relay-8080] [] 10.0.0.4:8080 0 0.132 ${status} 6f1e`
    const facts = factsOf(sourceOf(access(204), access(502)), 'load-balancer')
    expect(statuses(facts.link)).toEqual({ 204: 1, 502: 1 })
    expect(facts.link.latency.max).toBeCloseTo(132)
    const errors = factsOf(
      sourceOf(
        '2025/09/26 06:56:21 [error] 29#29: *1 upstream timed out (110: Connection timed out) while reading response header from upstream',
      ),
      'load-balancer',
    )
    expect(problems(errors.link)).toEqual({ 'proxy-504': 1 })
  })
})

describe('PostgreSQL', () => {
  it('does not count a client that disconnected as a failure of the server', () => {
    const { link } = factsOf(
      sourceOf(
        '2025-09-26 06:56:22.123 UTC [42] relay@relay FATAL:  connection to client lost',
        '2025-09-26 06:56:23.123 UTC [43] [unknown]@[unknown] FATAL:  unsupported frontend protocol 18245.8224: server supports 3.0 to 3.0',
      ),
      'database',
    )
    expect(problems(link)).toEqual({})
  })

  it('reads durations and server errors', () => {
    const { link } = factsOf(
      sourceOf(
        '2025-09-26 06:56:21.123 UTC [42] relay@relay LOG:  duration: 12.5 ms  statement: SELECT 1',
        '2025-09-26 06:56:22.123 UTC [42] relay@relay ERROR:  duplicate key value violates unique constraint "x"',
        '2025-09-26 06:56:23.123 UTC [43] relay@relay FATAL:  sorry, too many clients already',
      ),
      'database',
    )
    expect(link.latency.max).toBeCloseTo(12.5)
    expect(problems(link)).toEqual({ 'database-failing': 1 })
  })
})

describe('the programs of Warren', () => {
  const json = (
    component: string,
    time: number,
    msg: string,
    fields: object = {},
    level = 20,
  ): string =>
    JSON.stringify({
      level,
      time: 1_758_869_781_000 + time,
      component,
      hostname: 'pod-1',
      ...fields,
      msg,
    })

  it('bunny: reads polls, failures with their cause, and tasks', () => {
    const { link, received, solved } = factsOf(
      sourceOf(
        json('bunny', 0, 'poll sent', { requestId: 'r1', url: URL }),
        json('bunny', 20, 'poll answered', { requestId: 'r1', status: 204, durationMs: 20 }),
        json(
          'bunny',
          10_000,
          'poll failed',
          { requestId: 'r2', kind: 'transport', code: 'ENOTFOUND', detail: 'x', durationMs: 5 },
          50,
        ),
        json(
          'bunny',
          20_000,
          'poll failed',
          { requestId: 'r3', kind: 'authentication', code: 'HTTP_401', status: 401, durationMs: 5 },
          50,
        ),
        json(
          'bunny',
          30_000,
          'task received',
          { taskId: 't1', kind: 'availability', requestId: 'r4' },
          30,
        ),
        json(
          'bunny',
          31_000,
          'task solved',
          { taskId: 't1', status: 'ok', count: 20, durationMs: 900 },
          30,
        ),
      ),
      'client',
    )
    expect(statuses(link)).toEqual({ 204: 1, 'name-resolution': 1, 401: 1 })
    expect(problems(link)).toEqual({ 'name-resolution': 1, 'auth-refused': 1 })
    expect([received, solved]).toEqual([1, 1])
  })

  it('bunny: counts summaries only if individual polls are not logged', () => {
    const summary = json(
      'bunny',
      60_000,
      'link summary',
      {
        link: 'relay',
        polls: { 204: 6, error: 1 },
        p50Ms: 120,
        p95Ms: 150,
        maxMs: 160,
        periodMs: 60_000,
      },
      30,
    )
    expect(factsOf(sourceOf(summary), 'client').link.totals()).toMatchObject({
      exchanges: 6,
      ok: 6,
    })
    const both = sourceOf(
      json('bunny', 20, 'poll answered', { requestId: 'r1', status: 204, durationMs: 20 }),
      summary,
    )
    expect(factsOf(both, 'client').link.totals()).toMatchObject({ exchanges: 1, ok: 1 })
  })

  it('relay: does not count a held poll that its client abandoned as a failure', () => {
    const node = '0198e2a4-7d2e-7c55-b1a7-0a6f6d0f3a11'
    const poll = {
      method: 'GET',
      path: `/link_connector_api/task/nextjob/${node}`,
      user: 'site-a',
      node,
      requestId: 'r1',
      status: 499,
      durationMs: 0.1,
      heldMs: 340,
    }
    const summary = { link: 'node site-a', polls: { 200: 12, 499: 1 }, p50Ms: 2, periodMs: 3000 }
    const relay = sourceOf(
      json('relay', 0, 'request completed', poll, 30),
      json('relay', 20, 'link summary', summary, 30),
    )
    const [client] = factsOf(relay, 'relay').clients.all()
    expect(client?.stats.totals()).toMatchObject({ exchanges: 12, ok: 12, failed: 0 })
  })

  it('relay: counts the empty polls of each node in the summary of all nodes', () => {
    const ofAll = (minute: number, emptyPolls: Record<string, number>) =>
      json(
        'relay',
        minute * 60_000,
        'nodes summary',
        { nodes: 3, silent: 1, polls: {}, p50Ms: 1, periodMs: 60_000, emptyPolls },
        30,
      )
    const own = json(
      'relay',
      60_000,
      'link summary',
      { link: 'node site-c', state: 'silent', polls: {}, periodMs: 60_000 },
      30,
    )
    const { clients } = factsOf(
      sourceOf(
        ofAll(1, { 'site-a': 12, 'site-b': 0 }),
        own,
        ofAll(2, { 'site-b': 5 }),
        ofAll(4, { 'site-a': 36 }),
      ),
      'relay',
    )
    const exchanges = clients.all().map(({ key, stats }) => [key, stats.totals().exchanges])
    expect(Object.fromEntries(exchanges)).toEqual({ 'site-a': 48, 'site-b': 5, 'site-c': 0 })
  })

  describe('relay: the summaries of its database and broker', () => {
    const summaryOf = (dependency: string, ok: number, error: number, more: object = {}) => ({
      dependency,
      technology: 'any',
      checks: { ok, error },
      state: 'ok',
      p50Ms: 0.8,
      p95Ms: 1.4,
      maxMs: 1.4,
      periodMs: 60_000,
      ...more,
    })
    const failing = { state: 'failing', detail: 'connect ECONNREFUSED 10.0.3.9:5672' }
    type Logged = readonly [msg: string, fields: object, level?: number]
    /** One line per minute. */
    const relay = (format: 'json' | 'text', ...lines: readonly Logged[]) => {
      const style = relayText(relayLogText)
      const texts = lines.flatMap(([msg, fields, level = 30], minute) => {
        const time = minute * 60_000
        return format === 'json'
          ? [json('relay', time, msg, fields, level)]
          : [...style({ level, time, component: 'relay', msg, ...fields }, 'info')]
      })
      return factsOf(sourceOf(...texts), 'relay')
    }

    it.each(['json', 'text'] as const)(
      'prove that they work without other evidence (%s)',
      (format) => {
        const { database, broker } = relay(
          format,
          ['dependency summary', summaryOf('database', 6, 0)],
          ['dependency summary', summaryOf('broker', 5, 0)],
        )
        expect([database.ok, database.failed, broker.ok, broker.failed]).toEqual([6, 0, 5, 0])
        expect(broker.latency.max).toBeCloseTo(1.4)
      },
    )

    it.each(['json', 'text'] as const)('do not prove it if a check fails (%s)', (format) => {
      const { broker, database } = relay(
        format,
        ['dependency summary', summaryOf('broker', 0, 6, failing)],
        ['dependency summary', summaryOf('database', 0, 6, { state: 'failing', detail: 'gone' })],
      )
      expect([broker.ok, database.ok]).toEqual([0, 0])
      expect(problems(broker)).toEqual({ 'broker-refused': 1 })
      expect(problems(database)).toEqual({ 'database-failing': 1 })
    })

    it.each(['json', 'text'] as const)(
      'end a problem by successes after it, not by those before it (%s)',
      (format) => {
        const { broker } = relay(
          format,
          ['queue unavailable', { detail: failing.detail }, 50],
          ['dependency summary', summaryOf('broker', 4, 2, failing)],
          ['dependency summary', summaryOf('broker', 0, 6, failing)],
          ['dependency summary', summaryOf('broker', 3, 3)],
        )
        const problem = broker.problems.get('broker-refused')
        expect(problems(broker)).toEqual({ 'broker-refused': 3 })
        expect(problem?.periodCount).toBe(1)
        expect((problem?.periods[0]?.recoveredAt ?? 0) - (problem?.first ?? 0)).toBe(180_000)
      },
    )

    it('do not exist after a start alone, which does not prove the broker', () => {
      const { broker } = relay('json', ['relay started', { version: '1', queue: 'rabbitmq' }])
      expect(broker.ok).toBe(0)
    })
  })

  it('relay: counts a failed login once, for the owner of the collection', () => {
    const path = `/link_connector_api/task/nextjob/${COLLECTION}`
    const facts = factsOf(
      sourceOf(
        json('relay', 0, 'request completed', {
          requestId: 'r1',
          method: 'GET',
          path,
          status: 204,
          durationMs: 0.1,
          user: 'site-a',
          node: COLLECTION,
        }),
        json(
          'relay',
          10_000,
          'authentication failed',
          {
            reason: 'unknown user',
            user: 'site-old',
            collection: COLLECTION,
            path,
            requestId: 'r2',
          },
          40,
        ),
        json(
          'relay',
          10_001,
          'request completed',
          { requestId: 'r2', method: 'GET', path, status: 401, durationMs: 0.1 },
          30,
        ),
        json(
          'relay',
          20_000,
          'authentication failed',
          { reason: 'missing', collection: COLLECTION, path, requestId: 'r3' },
          40,
        ),
        json(
          'relay',
          20_001,
          'request completed',
          { requestId: 'r3', method: 'GET', path, status: 401, durationMs: 0.1 },
          30,
        ),
      ),
      'relay',
    )
    const [client, ...others] = facts.clients.all()
    expect(others).toEqual([])
    expect(client?.key).toBe('site-a')
    expect(statuses(client?.stats)).toEqual({ 204: 1, 401: 2 })
    expect(problems(client?.stats)).toEqual({ 'auth-unknown-user': 1, 'auth-no-credentials': 1 })
  })

  it('relay: a health probe proves the database, not the broker', () => {
    const facts = factsOf(
      sourceOf(
        json('relay', 0, 'request completed', {
          requestId: 'p',
          method: 'GET',
          path: '/readyz',
          status: 200,
          durationMs: 1,
        }),
      ),
      'relay',
    )
    expect([facts.database.ok, facts.broker.ok]).toEqual([1, 0])
  })

  it('ignores JSON of other programs', () => {
    const source = sourceOf('{"level":"info","ts":1758869781,"msg":"etcd says hello"}', '{"a":1')
    expect(source.facts).toEqual([])
    expect(source.unreadable).toBe(2)
  })
})
