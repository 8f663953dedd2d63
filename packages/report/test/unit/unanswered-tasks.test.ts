import { describe, expect, it } from 'vitest'
import type { Finding, ReportDocument } from '../../src/document/report-document.ts'
import { checkOf, findingsOf } from '../fixtures/scenario-report.ts'
import { reportOf } from '../fixtures/report-of.ts'
import type { LogFiles } from '../fixtures/report-of.ts'

const START = Date.UTC(2025, 8, 26, 7, 0)
const NODES = { north: 'a'.repeat(8), south: 'b'.repeat(8) } as const
type Client = keyof typeof NODES

/** The log of Warren's relay, line by line. */
class RelayLog {
  readonly lines: string[] = []

  write(second: number, msg: string, fields: object, level = 30): this {
    const time = START + second * 1_000
    this.lines.push(JSON.stringify({ level, time, component: 'relay', ...fields, msg }))
    return this
  }

  request(second: number, client: Client, what: 'GET' | 'POST', status: number): this {
    const node = NODES[client]
    const path = what === 'GET' ? `task/nextjob/${node}` : `task/result/${second}/${node}`
    return this.write(second, 'request completed', {
      requestId: `${client}${second}${what}`,
      method: what,
      path: `/link_connector_api/${path}`,
      status,
      durationMs: 2.5,
      ...(status === 401 ? {} : { user: client, node }),
    })
  }

  /** Empty polls every five seconds. */
  idle(client: Client, from: number, to: number): this {
    for (let second = from; second < to; second += 5) this.request(second, client, 'GET', 204)
    return this
  }

  taken(second: number, taskId: string, client: Client, attempt = 1): this {
    const node = NODES[client]
    return this.write(second, 'task handed out', {
      taskId,
      subtaskId: `${taskId}-${client}`,
      node,
      attempt,
    }).request(second, client, 'GET', 200)
  }

  answered(second: number, taskId: string, client: Client): this {
    const about = { taskId, subtaskId: `${taskId}-${client}`, node: NODES[client], status: 'ok' }
    return this.write(second, 'result stored', about).request(second, client, 'POST', 200)
  }

  received(second: number, taskId: string): this {
    return this.write(second, 'task received', { taskId, kind: 'availability', upstream: 'up' })
  }

  /** Reached its deadline. `clients`: the users that did not answer, which newer versions log. */
  expired(second: number, taskId: string, missing: number, clients?: readonly Client[]): this {
    const about = { taskId, kind: 'availability', missing, deadlineMs: 240_000 }
    return this.write(second, 'task expired', clients ? { ...about, users: clients } : about, 40)
  }

  async report(others: LogFiles = {}): Promise<ReportDocument> {
    const lines = this.lines.toSorted((a, b) => timeOf(a) - timeOf(b))
    return await reportOf({ 'relay.log': `${lines.join('\n')}\n`, ...others })
  }
}

const timeOf = (line: string): number => (JSON.parse(line) as { time: number }).time
const briefly = ({ title, severity, status, party, partyName, recoveredAt }: Finding) => ({
  title,
  severity,
  status,
  who: `${party} ${partyName ?? ''}`.trim(),
  recoveredAt: recoveredAt === null ? null : (Date.parse(recoveredAt) - START) / 1_000,
})
const above = (report: ReportDocument): string[] =>
  report.findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title)

/** Two clients that both answer the task of second 20. */
function twoClients(): RelayLog {
  const log = new RelayLog().received(20, 't0')
  return log
    .taken(21, 't0', 'north')
    .taken(21.1, 't0', 'south')
    .answered(22, 't0', 'north')
    .answered(22.1, 't0', 'south')
}

describe('a task that reached its deadline', () => {
  const dropped = (clients?: readonly Client[]): RelayLog =>
    twoClients()
      .idle('north', 0, 600)
      .idle('south', 0, 600)
      .received(60, 't1')
      .taken(61, 't1', 'north')
      .taken(61.5, 't1', 'south')
      .answered(63, 't1', 'north')
      .expired(300, 't1', 1, clients)

  it.each([
    ['where the relay says who did not answer', ['south'] as const],
    ['by what went out and came back, where it does not', undefined],
  ])('is a finding about the client that did not answer: %s', async (_, clients) => {
    const [finding, ...more] = findingsOf(await dropped(clients).report(), 'task-not-answered')
    expect(more).toEqual([])
    expect(finding && briefly(finding)).toEqual({
      title: 'south: tasks not answered',
      severity: 'error',
      status: 'ongoing',
      who: 'site south',
      recoveredAt: null,
    })
    expect(finding?.why).toBe(
      'Relay log: 1 task reached the deadline without a result from south, at 07:05:00. The client had fetched it. No result from this client since.',
    )
  })

  it('recovers with the next result of that client, not with its next poll or the result of another client', async () => {
    const log = dropped().received(400, 't2').taken(401, 't2', 'north').taken(401.5, 't2', 'south')
    log.answered(403, 't2', 'north').answered(405, 't2', 'south')
    const [finding] = findingsOf(await log.report(), 'task-not-answered')
    expect(finding && briefly(finding)).toMatchObject({
      severity: 'warning',
      status: 'recovered',
      recoveredAt: 405,
    })
  })

  it('is not a finding of its own if another failure prevented the result', async () => {
    const log = twoClients().idle('north', 0, 600).idle('south', 0, 55).idle('south', 320, 600)
    for (let second = 55; second < 320; second += 15) {
      const about = { reason: 'wrong password', user: 'south', requestId: `south${second}GET` }
      log.write(
        second,
        'authentication failed',
        { ...about, collection: NODES.south, path: '/' },
        40,
      )
      log.request(second, 'south', 'GET', 401)
    }
    log
      .received(60, 't1')
      .taken(61, 't1', 'north')
      .answered(63, 't1', 'north')
      .expired(300, 't1', 1)
    const report = await log.report()
    expect(above(report)).toEqual(['south: wrong password'])
    expect(checkOf(report, 'tasks')).toBe('failed')
  })

  it('names no client if that would be a guess', async () => {
    const log = twoClients().idle('north', 0, 600).idle('south', 0, 600).received(60, 't1')
    const [finding] = findingsOf(await log.expired(300, 't1', 1).report(), 'task-not-answered')
    expect(finding && briefly(finding)).toMatchObject({
      title: 'a client of relay: tasks not answered',
      who: 'site',
    })
  })

  it('is a finding about the client in the text format of the .NET relay, which does not name it', async () => {
    const clock = (second: number): string =>
      new Date(START + second * 1_000).toISOString().slice(11, 19)
    const lines: [number, string][] = []
    const say = (second: number, text: string): void => {
      lines.push([second, `[${clock(second)} INF] ${text}`])
    }
    const request = (second: number, client: Client, what: string, status: number): void => {
      say(second, `Credentials validated for Client: ${client}`)
      say(second, `HTTP ${what}/${NODES[client]} responded ${status} in 80.1234 ms`)
    }
    const get = 'GET /link_connector_api/task/nextjob'
    const post = 'POST /link_connector_api/task/result/7d1c'
    for (let second = 0; second < 600; second += 10) {
      request(second, 'north', get, second === 60 || second === 280 ? 200 : 204)
      request(second + 3, 'south', get, second === 60 ? 200 : 204)
    }
    say(58, 'Task retrieved: (AvailabilityJob) t1')
    request(62, 'north', post, 200)
    // North has just fetched another one, and is working on it.
    say(279, 'Task retrieved: (AvailabilityJob) t2')
    say(281, 'Task:t1 has reached the expiry threshold of 00:04:00. Completing...')
    request(282, 'north', post, 200)
    const text = lines.toSorted((a, b) => a[0] - b[0]).map(([, line]) => line)
    const report = await reportOf(
      { 'relay.log': `${text.join('\n')}\n` },
      { date: Date.UTC(2025, 8, 26), tz: 'UTC' },
    )
    expect(findingsOf(report, 'task-not-answered').map(({ title }) => title)).toEqual([
      'south: tasks not answered',
    ])
  })
})

describe('a task whose lease expires', () => {
  const returned = (): RelayLog => {
    const log = twoClients().idle('north', 0, 400).idle('south', 0, 400).received(60, 't1')
    log.taken(61, 't1', 'north').taken(61.5, 't1', 'south').answered(63, 't1', 'north')
    const about = { taskId: 't1', subtaskId: 't1-south', node: NODES.south, attempt: 1 }
    return log.write(182, 'lease returned', { ...about, exhausted: false }, 40)
  }

  it('is only an info if it is answered after it is handed out again', async () => {
    const log = returned().taken(182.1, 't1', 'south', 2).answered(183, 't1', 'south')
    const report = await log.report()
    expect(above(report)).toEqual([])
    const [note] = findingsOf(report, 'task-handed-out-again')
    expect(note && briefly(note)).toEqual({
      title: 'south: tasks handed out again',
      severity: 'info',
      status: 'recovered',
      who: 'site south',
      recoveredAt: 183,
    })
    expect(note?.why).toContain('A result arrived at 07:03:03')
    expect(checkOf(report, 'tasks')).toBe('passed')
  })

  it('is a warning if it is not answered, and part of the error when it expires', async () => {
    expect(above(await returned().taken(182.1, 't1', 'south', 2).report())).toEqual([
      'south: tasks handed out again',
    ])
    const expired = returned().taken(182.1, 't1', 'south', 2).expired(300, 't1', 1, ['south'])
    expect(above(await expired.report())).toEqual(['south: tasks not answered'])
  })
})

describe('a result that arrives after its task has expired', () => {
  const late = (away: number): RelayLog => {
    const log = twoClients().idle('north', 0, 600).idle('south', 0, 60).idle('south', away, 600)
    log.received(50, 't1').taken(51, 't1', 'north').taken(51.5, 't1', 'south')
    log.answered(53, 't1', 'north').expired(290, 't1', 1, ['south'])
    const about = { taskId: 't1', subtaskId: 't1-south', node: NODES.south, status: 'ok' }
    log.write(305, 'result late', about, 40).request(305, 'south', 'POST', 404)
    return log.received(400, 't2').taken(401, 't2', 'north').taken(401.5, 't2', 'south')
  }
  const lateOf = (report: ReportDocument): string[] =>
    findingsOf(report, 'task-answered-late').map((finding) => {
      const { severity, status, recoveredAt } = briefly(finding)
      return `${severity} ${status} ${recoveredAt}`
    })

  it('recovers with the next result before the deadline', async () => {
    expect(lateOf(await late(60).report())).toEqual(['warning observed null'])
    expect(lateOf(await late(60).answered(403, 't2', 'south').report())).toEqual([
      'warning recovered 403',
    ])
  })

  it('is a consequence if the client could not reach the relay', async () => {
    const balancer = Array.from({ length: 120 }, (_, n) => {
      const time = new Date(START + n * 5_000).toISOString().slice(11, 19)
      const status = n < 12 || n >= 62 ? 204 : 503
      const request = `GET /link_connector_api/task/nextjob/${NODES.south} HTTP/1.1`
      return `203.0.113.7 - south [26/Sep/2025:${time} +0000] "${request}" ${status} 190 "-" "warren-bunny/0.1.0"`
    })
    const report = await late(310)
      .answered(403, 't2', 'south')
      .report({ 'nginx-access.log': `${balancer.join('\n')}\n` })
    expect(above(report)).toEqual([
      expect.stringContaining('503 from the load balancer (no healthy relay)'),
    ])
    expect(checkOf(report, 'tasks')).toBe('failed')
  })
})
