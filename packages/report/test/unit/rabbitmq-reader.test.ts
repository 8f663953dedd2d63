import { describe, expect, it } from 'vitest'
import type { BrokerFacts } from '../../src/facts/facts.ts'
import { factsOf, sourceOf } from '../fixtures/source-of.ts'
import { reportOf } from '../fixtures/report-of.ts'

const DAY = '2026-11-22'
/** Lines of one event as 3.9 and later log them, each with a time. */
const event = (time: string, level: string, pid: number, ...lines: readonly string[]): string[] =>
  lines.map((line) => `${DAY} ${time}+00:00 [${level}] <0.${pid}.0> ${line}`)
const connectionText = (pid: number, more = ''): string =>
  `<0.${pid}.0> (10.0.0.7:${40_000 + pid} -> 10.0.0.9:5672${more})`
const login = (time: string, pid: number): string[] => [
  ...event(`${time}.100000`, 'info', pid, `accepting AMQP connection ${connectionText(pid)}`),
  ...event(
    `${time}.120000`,
    'info',
    pid,
    `connection ${connectionText(pid)}: user 'relay' authenticated and granted access to vhost '/'`,
  ),
]
const boot = (minute: string): string[] => [
  ...event(`${minute}:10.000000`, 'notice', 44, 'Application syslog exited with reason: stopped'),
  ...event(`${minute}:10.100000`, 'notice', 223, 'Logging: configured log handlers are now ACTIVE'),
  ...event(
    `${minute}:14.000000`,
    'info',
    223,
    '',
    ' Starting RabbitMQ 3.10.8 on Erlang 25.2.3 [jit]',
    ' Copyright (c) 2007-2022 VMware, Inc. or its affiliates.',
  ),
  ...event(`${minute}:15.000000`, 'info', 507, 'started TCP listener on [::]:5672'),
  ...event(
    `${minute}:15.100000`,
    'info',
    489,
    ' Server startup complete; 0 plugins started.'.trim(),
  ),
]

const broker = (...lines: readonly string[]): BrokerFacts => factsOf(sourceOf(...lines), 'broker')
const problems = ({ link }: BrokerFacts): Record<string, number> =>
  Object.fromEntries([...link.problems].map(([cause, { count }]) => [cause, count]))
const portProbes = ({ peers }: BrokerFacts): Record<string, string[]> =>
  Object.fromEntries(
    peers
      .all()
      .filter(([, peer]) => peer.portProbes.count > 0)
      .map(([address, peer]) => [address, [...peer.portProbes.details.keys()]]),
  )

describe('the log of a broker', () => {
  it('reads connections as 4.x logs them, with client name and duration', () => {
    const name = '172.29.0.3:33382 -> 172.29.0.2:5672'
    const facts = broker(
      ...event('08:47:49.032848', 'info', 785, `accepting AMQP connection ${name}`),
      ...event(
        '08:47:49.051781',
        'info',
        785,
        `connection ${name} has a client-provided name: warren-relay`,
      ),
      ...event(
        '08:47:49.055803',
        'info',
        785,
        `connection ${name} - warren-relay: user 'relay' authenticated and granted access to vhost '/'`,
      ),
      ...event(
        '08:47:49.077803',
        'info',
        785,
        `closing AMQP connection (${name} - warren-relay, vhost: '/', user: 'relay', duration: '22ms')`,
      ),
    )
    expect([facts.accepted, facts.authenticated, facts.closed, facts.shortLived]).toEqual([
      1, 1, 1, 1,
    ])
    expect(facts.peers.all().map(([address, { logins }]) => [address, logins])).toEqual([
      ['172.29.0.3', 1],
    ])
  })

  it('reads 3.8, whose continuation lines have no time, and events on a single line', () => {
    const facts = broker(
      `2020-11-18 19:11:06.940 [info] <0.707.0> accepting AMQP connection ${connectionText(707)}`,
      `2020-11-18 19:11:06.947 [info] <0.707.0> connection ${connectionText(707)}: user 'relay' authenticated and granted access to vhost '/'`,
      `2020-11-18 19:11:07.947 [warning] <0.707.0> closing AMQP connection ${connectionText(707, ", vhost: '/', user: 'relay'")}:`,
      'client unexpectedly closed TCP connection',
      `2020-11-18 19:11:08.947 [error] <0.708.0> Error on AMQP connection ${connectionText(708, ', state: starting')}:, PLAIN login refused: user 'relay' - invalid credentials`,
    )
    expect(problems(facts)).toEqual({ 'broker-connection-lost': 1, 'broker-auth-failed': 1 })
    expect(facts.errors.count).toBe(0)
  })

  it('reads the JSON formatter', () => {
    const json = (level: string, pid: number, msg: string): string =>
      JSON.stringify({
        time: `${DAY} 11:15:10.${pid}000+00:00`,
        level,
        msg,
        domain: 'rabbitmq.connection',
        pid: `<0.${pid}.0>`,
      })
    const source = sourceOf(
      json('info', 100, `accepting AMQP connection ${connectionText(100)}`),
      json(
        'info',
        100,
        `connection ${connectionText(100)}: user 'relay' authenticated and granted access to vhost '/'`,
      ),
      json(
        'error',
        100,
        `Error on AMQP connection ${connectionText(100, ", vhost: '/', user: 'relay', state: running")}, channel 0:\n operation none caused a connection exception connection_forced: "maintenance"`,
      ),
      json(
        'warning',
        200,
        `closing AMQP connection ${connectionText(200)}:\nclient unexpectedly closed TCP connection`,
      ),
    )
    const facts = factsOf(source, 'broker')
    expect(source.unreadable).toBe(0)
    expect(new Date(source.first).toISOString()).toBe('2026-11-22T11:15:10.100Z')
    expect(facts.authenticated).toBe(1)
    expect(problems(facts)).toEqual({ 'broker-connection-lost': 1 })
    expect([...(facts.link.problems.get('broker-connection-lost')?.details.keys() ?? [])]).toEqual([
      'closed by the broker: maintenance',
    ])
    expect(portProbes(facts)).toEqual({ '10.0.0.7': ['closed before login'] })
  })

  it.each([
    ['closed before login', 'warning', 'client unexpectedly closed TCP connection'],
    ['login timeout', 'error', '{handshake_timeout,handshake}'],
    ['HTTP request', 'error', '{bad_header,<<"GET / HT">>}'],
    [
      'HTTP request',
      'error',
      'HTTP GET request detected on AMQP port. Ensure the client is connecting to the correct port.',
    ],
    ['TLS handshake', 'error', '{bad_header,<<22,3,1,6,27,1,0,6>>}'],
    ['not AMQP', 'error', '{bad_version,{0,0,9,0}}'],
    ['not AMQP', 'error', 'client did not start with AMQP protocol header: <<1,2,3>>'],
  ])('counts connections without a login as port probes: %s', (how, level, reason) => {
    const facts = broker(
      ...event('11:15:10.160128', 'info', 553, `accepting AMQP connection ${connectionText(553)}`),
      ...event(
        '11:15:10.333654',
        level,
        553,
        `closing AMQP connection ${connectionText(553)}:`,
        reason,
      ),
    )
    expect(portProbes(facts)).toEqual({ '10.0.0.7': [how] })
    expect(problems(facts)).toEqual({})
    expect(facts.errors.count).toBe(0)
  })

  it.each([
    [
      'broker-connection-lost',
      'warning',
      `closing AMQP connection ${connectionText(9, ", vhost: '/', user: 'relay', duration: '4m, 36s'")}:`,
      'client unexpectedly closed TCP connection',
    ],
    [
      'broker-connection-lost',
      'error',
      `closing AMQP connection ${connectionText(9, ", vhost: '/', user: 'relay'")}:`,
      '{inet_error,etimedout}',
    ],
    [
      'broker-heartbeat-lost',
      'error',
      `closing AMQP connection ${connectionText(9)}:`,
      'missed heartbeats from client, timeout: 60s',
    ],
    [
      'broker-auth-failed',
      'error',
      `Error on AMQP connection ${connectionText(9, ", user: 'relay', state: opening")}:`,
      'vhost nope not found',
    ],
    [
      'broker-auth-failed',
      'error',
      `Error on AMQP connection ${connectionText(9, ", user: 'relay', state: opening")}:`,
      "access to vhost '/' refused for user 'relay'",
    ],
    [
      'broker-auth-failed',
      'error',
      `Error on AMQP connection ${connectionText(9, ', state: starting')}:`,
      'EXTERNAL login refused: connection peer presented no TLS (x.509) certificate',
    ],
  ])('classifies the end of a connection: %s, %s', (cause, level, head, reason) => {
    const facts = broker(...event('11:15:26.941265', level, 9, head, reason))
    expect(problems(facts)).toEqual({ [cause]: 1 })
    expect(portProbes(facts)).toEqual({})
  })

  it('recognises a port probe as 4.x logs it, without the process', () => {
    const name = '172.19.0.1:42818 -> 172.19.0.6:5672'
    const facts = broker(
      ...event('14:27:50.139173', 'info', 764, `accepting AMQP connection ${name}`),
      ...event(
        '14:27:50.139668',
        'error',
        764,
        `closing AMQP connection ${name} (duration: '3ms'):`,
        'HTTP GET request detected on AMQP port. Ensure the client is connecting to the correct port.',
      ),
    )
    expect(portProbes(facts)).toEqual({ '172.19.0.1': ['HTTP request'] })
    expect([facts.errors.count, facts.link.failed]).toEqual([0, 0])
  })

  it('counts the connections that a broker closes before a shutdown as one shutdown', async () => {
    const drained = [
      ...login('11:15:00', 700),
      ...event(
        '11:16:05.000000',
        'error',
        700,
        `Error on AMQP connection ${connectionText(700, ", vhost: '/', user: 'relay', state: running")}, channel 0:`,
        ' operation none caused a connection exception connection_forced: "Node was put into maintenance mode"',
      ),
      ...event('11:16:11.079683', 'notice', 61, 'SIGTERM received - shutting down', ''),
      ...boot('11:17'),
      ...login('11:17:20', 701),
    ]
    const relay = `${JSON.stringify({ level: 30, time: Date.parse(`${DAY}T11:14:00Z`), component: 'relay', hostname: 'relay-0', msg: 'relay started', version: '1', store: 'sqlite', queue: 'rabbitmq' })}\n`
    const report = await reportOf({ 'hub/relay.log': relay, 'hub/rabbit.log': drained.join('\n') })
    const broken = report.findings.filter(({ severity }) => severity !== 'info')
    expect(broken.map(({ cause }) => cause)).toEqual(['broker-stopped'])
  })

  it('counts a refused operation once, and ignores passive declarations and supervisor errors', () => {
    const head = `Channel error on connection ${connectionText(663, ", vhost: '/', user: 'relay'")}, channel 1:`
    const facts = broker(
      ...event(
        '11:15:39.313067',
        'error',
        650,
        head,
        "operation queue.declare caused a channel exception precondition_failed: inequivalent arg 'durable' for queue 'q1' in vhost '/'",
      ),
      ...event(
        '11:15:40.262652',
        'error',
        672,
        head,
        "operation queue.declare caused a channel exception not_found: no queue 'q2' in vhost '/'",
      ),
      ...event(
        '11:15:40.264556',
        'error',
        667,
        '    supervisor: {<0.667.0>,rabbit_channel_sup_sup}',
        '    errorContext: shutdown_error',
        '    reason: shutdown',
        '    offender: [{nb_children,1},',
      ),
    )
    expect(facts.operations.count).toBe(1)
    expect([...facts.operations.details.keys()]).toEqual(['queue.declare: precondition_failed'])
    expect(facts.errors.count).toBe(0)
  })

  it('counts an error with many lines once', () => {
    const facts = broker(
      ...event(
        '11:15:40.264556',
        'error',
        667,
        '** Generic server rabbit_thing terminating',
        '** Last message in was x',
        '** Reason for termination == y',
      ),
    )
    expect(facts.errors.count).toBe(1)
  })

  it('keeps an alarm until the last one is cleared', () => {
    const on = (time: string, text: string): string[] => event(time, 'warning', 387, text)
    const set = [
      ...on('11:15:50.080573', "memory resource limit alarm set on node 'rabbit@a'."),
      ...on('11:15:51.080573', "disk resource limit alarm set on node 'rabbit@a'."),
      ...on('11:15:53.803400', "memory resource limit alarm cleared on node 'rabbit@a'"),
      ...on('11:15:53.803714', 'memory resource limit alarm cleared across the cluster'),
    ]
    const half = broker(...set)
    expect([half.alarms.open, [...half.alarms.details.keys()]]).toEqual([true, ['memory', 'disk']])
    const over = broker(
      ...set,
      ...on('11:15:59.000000', "disk resource limit alarm cleared on node 'rabbit@a'"),
    )
    expect(over.alarms.open).toBe(false)
  })
})

describe('a broker that stops and starts', () => {
  const stop = [
    ...event('11:16:11.079683', 'notice', 61, 'SIGTERM received - shutting down', ''),
    ...event('11:16:11.079889', 'notice', 61, 'SIGTERM received - shutting down', ''),
    ...event(
      '11:16:11.081518',
      'error',
      700,
      `Error on AMQP connection ${connectionText(700, ", vhost: '/', user: 'relay', state: running")}, channel 0:`,
      ` operation none caused a connection exception connection_forced: "broker forced connection closure with reason 'shutdown'"`,
    ),
  ]

  it('counts all messages of a start once, and no downtime before the first', () => {
    const facts = broker(...boot('11:14'), ...login('11:15:00', 700))
    expect([facts.starts, facts.version, facts.stops.count]).toEqual([1, '3.10.8', 0])
  })

  it('counts a start once if its version is on a line without a time (3.8)', () => {
    const facts = broker(
      '2020-06-17 07:24:15.713 [info] <0.272.0> ',
      ' Starting RabbitMQ 3.8.4 on Erlang 22.3.4.1',
      ' Copyright (c) 2007-2020 VMware, Inc. or its affiliates.',
      '2020-06-17 07:24:16.713 [info] <0.9.0> Server startup complete; 4 plugins started.',
      ' * rabbitmq_prometheus',
    )
    expect([facts.starts, facts.version, facts.stops.count]).toEqual([1, '3.8.4', 0])
  })

  it('counts a clean restart as one shutdown without lost connections', () => {
    const facts = broker(...login('11:15:00', 700), ...stop, ...boot('11:17'))
    expect([facts.starts, facts.stops.count, facts.stops.open]).toEqual([1, 1, false])
    expect([...facts.stops.details.keys()]).toEqual(['shut down cleanly'])
    expect(problems(facts)).toEqual({})
    expect(facts.errors.count).toBe(0)
  })

  it('counts a start without a shutdown message as a crash, some time after its last line', () => {
    const facts = broker(...login('11:15:00', 700), ...boot('11:17'))
    expect([...facts.stops.details.keys()]).toEqual(['ended without a shutdown message'])
    const [period] = facts.stops.periods
    expect(new Date(period?.from ?? 0).toISOString()).toBe('2026-11-22T11:15:00.120Z')
    expect(new Date(period?.recoveredAt ?? 0).toISOString()).toBe('2026-11-22T11:17:15.100Z')
  })

  it('is down until it starts again', () => {
    expect(broker(...login('11:15:00', 700), ...stop).stops.open).toBe(true)
  })

  const relay = (time: string, fields: object): string =>
    `${JSON.stringify({ level: 30, time: Date.parse(`${DAY}T${time}Z`), component: 'relay', hostname: 'relay-0', ...fields })}\n`
  const lost = relay('11:16:11.200', {
    level: 50,
    detail: 'CONN_CLOSE: closed',
    msg: 'queue unavailable',
  })
  const found = relay('11:17:16.000', { msg: 'queue recovered' })

  it('is one finding, together with the failures in the relay log', async () => {
    const rabbit = [...login('11:15:00', 700), ...stop, ...boot('11:17'), ...login('11:17:15', 701)]
    const report = await reportOf({
      'hub/relay.log': lost + found,
      'hub/rabbit.log': rabbit.join('\n'),
    })
    const broken = report.findings.filter(({ severity }) => severity !== 'info')
    expect(broken.map(({ cause, status, party }) => [cause, status, party])).toEqual([
      ['broker-stopped', 'recovered', 'hub'],
    ])
    expect(broken[0]?.why).toBe(
      'Broker log: 1 stop at 11:16:11 (shut down cleanly). Recovered at 11:17:15, after 1 min 4 s. Also caused: broker connections lost.',
    )
    expect(broken[0]?.evidence.map(({ text }) => text).join('\n')).toContain('queue unavailable')
  })

  it('is unreachable for a relay that logs it, although another client can log in', async () => {
    const check = (minute: number, fields: object): string =>
      relay(`11:${minute}:00.000`, {
        dependency: 'broker',
        technology: 'rabbitmq',
        periodMs: 60_000,
        ...fields,
        msg: 'dependency summary',
      })
    const failing = {
      checks: { ok: 0, error: 6 },
      state: 'failing',
      detail: 'connect ETIMEDOUT 10.0.0.9:5672: timed out',
    }
    const report = await reportOf({
      'hub/relay.log':
        check(15, { checks: { ok: 6, error: 0 }, state: 'ok', p50Ms: 1, maxMs: 2 }) +
        check(16, failing) +
        check(17, failing),
      'hub/rabbit.log': [...login('11:14:00', 700), ...login('11:17:30', 701)].join('\n'),
    })
    const broken = report.findings.filter(({ severity }) => severity !== 'info')
    expect(broken.map(({ cause, status }) => [cause, status])).toEqual([
      ['broker-refused', 'ongoing'],
    ])
  })

  it('is an error if it does not start again', async () => {
    const rabbit = [...login('11:15:00', 700), ...stop]
    const later = relay('11:19:00.000', {
      link: 'node site-a',
      polls: {},
      periodMs: 60_000,
      msg: 'link summary',
    })
    const report = await reportOf({
      'hub/relay.log': lost + later,
      'hub/rabbit.log': rabbit.join('\n'),
    })
    const broken = report.findings.filter(({ severity }) => severity === 'error')
    expect(broken.map(({ cause, status }) => [cause, status])).toEqual([
      ['broker-stopped', 'ongoing'],
    ])
  })

  it('has port probes from the relay if the relay logs that it cannot connect', async () => {
    const knock = (time: string, pid: number, peer: string): string[] => [
      ...event(
        `${time}.000000`,
        'error',
        pid,
        `closing AMQP connection <0.${pid}.0> (${peer}:4${pid} -> 10.0.0.9:5672):`,
        '{handshake_timeout,frame_header}',
      ),
    ]
    const rabbit = [
      ...login('11:15:00', 700),
      ...knock('11:15:30', 702, '10.0.0.1'),
      ...knock('11:16:20', 703, '10.0.0.7'),
      ...knock('11:16:40', 704, '10.0.0.7'),
      ...login('11:17:15', 701),
      ...knock('11:25:30', 705, '10.0.0.1'),
      ...knock('11:35:30', 706, '10.0.0.1'),
    ]
    const report = await reportOf({
      'hub/relay.log': lost + found,
      'hub/rabbit.log': rabbit.join('\n'),
    })
    const [trouble] = report.findings.filter(({ severity }) => severity !== 'info')
    expect(trouble?.cause).toBe('broker-connection-lost')
    expect(trouble?.why).toContain(
      'Broker log: 2 connections without a login from 10.0.0.7 (login timeout).',
    )
    expect(report.findings.find(({ cause }) => cause === 'broker-port-probe')).toMatchObject({
      severity: 'info',
      count: 3,
    })
  })
})

describe('logins that a broker rejects', () => {
  const refused = (time: string, pid: number, user: string): string[] =>
    event(
      `${time}.100000`,
      'error',
      pid,
      `Error on AMQP connection ${connectionText(pid, ', state: starting')}:`,
      `PLAIN login refused: user '${user}' - invalid credentials`,
    )
  const monitor = (time: string, pid: number): string[] =>
    login(time, pid).map((line) => line.replace("user 'relay'", "user 'monitor'"))
  const relay = `${JSON.stringify({ level: 30, time: Date.parse(`${DAY}T11:14:00Z`), component: 'relay', hostname: 'relay-0', msg: 'relay started', version: '1', store: 'sqlite', queue: 'rabbitmq' })}\n`
  const statusOf = async (...rabbit: readonly string[]): Promise<string | undefined> => {
    const report = await reportOf({ 'hub/relay.log': relay, 'hub/rabbit.log': rabbit.join('\n') })
    return report.findings.find(({ cause }) => cause === 'broker-auth-failed')?.status
  }

  it('recover when that user can log in again', async () => {
    const again = [...refused('11:15:10', 701, 'relay'), ...login('11:15:20', 702)]
    expect(await statusOf(...again)).toBe('recovered')
  })

  it('do not recover because another user logs in', async () => {
    const before = login('11:15:00', 700)
    const after = monitor('11:15:30', 703)
    expect(await statusOf(...before, ...refused('11:15:10', 701, 'relay'), ...after)).toBe(
      'ongoing',
    )
    expect(await statusOf(...refused('11:15:10', 701, 'relay'), ...after)).toBe('ongoing')
  })

  it('of an unknown user do not affect a user who can log in again', async () => {
    const lines = [
      ...refused('11:15:05', 700, 'root'),
      ...refused('11:15:10', 701, 'relay'),
      ...login('11:15:20', 702),
    ]
    expect(await statusOf(...lines)).toBe('recovered')
  })
})

describe('a relay that is killed', () => {
  it('explains the connection that is left open', async () => {
    const line = (time: string, msg: string, more: object = {}): string =>
      `${JSON.stringify({ level: 30, time: Date.parse(`${DAY}T${time}Z`), component: 'relay', hostname: 'relay-0', ...more, msg })}\n`
    const summary = { link: 'node site-a', polls: {}, periodMs: 60_000 }
    const started = { version: '1', store: 'sqlite', queue: 'rabbitmq' }
    const relay = [
      line('11:14:00', 'relay started', started),
      line('11:15:00', 'link summary', summary),
      line('11:16:00', 'link summary', summary),
      line('11:16:40', 'relay started', started),
      line('11:17:40', 'link summary', summary),
    ]
    const rabbit = [
      ...login('11:14:01', 700),
      ...event(
        '11:16:32.500000',
        'warning',
        700,
        `closing AMQP connection ${connectionText(700, ", vhost: '/', user: 'relay'")}:`,
        'client unexpectedly closed TCP connection',
      ),
      ...login('11:16:41', 701),
    ]
    const report = await reportOf({
      'hub/relay.log': relay.join(''),
      'hub/rabbit.log': rabbit.join('\n'),
    })
    const broken = report.findings.filter(({ severity }) => severity !== 'info')
    expect(broken.map(({ cause }) => cause)).toEqual(['relay-restarted'])
  })
})
