import { describe, expect, it } from 'vitest'
import type { Finding, ReportDocument } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'

const START = Date.UTC(2025, 8, 26, 7, 0)
const NODE = '6f1e9c1a-0000-4000-8000-000000000001'
const PATH = `/link_connector_api/task/nextjob/${NODE}`

const briefly = ({ cause, severity, status }: Finding): string => `${severity} ${cause} ${status}`
const summaries = (report: ReportDocument): string[] =>
  report.findings
    .filter(({ cause }) => ['client-left', 'read-timeout', 'silent'].includes(cause))
    .map(briefly)

const clock = (second: number): string =>
  new Date(START + second * 1_000).toISOString().slice(11, 19)
const relayLine = (second: number): string =>
  JSON.stringify({
    level: 20,
    time: START + second * 1_000,
    component: 'relay',
    requestId: `r${second}`,
    method: 'GET',
    path: PATH,
    status: 204,
    durationMs: 2,
    user: 'north',
    node: NODE,
    msg: 'request completed',
  })
const passed = (second: number, status: number): string =>
  `203.0.113.7 - north [26/Sep/2025:${clock(second)} +0000] "GET ${PATH} HTTP/1.1" ${status} 0 "-" "warren-bunny/0.1.0"`

/** Polls every ten seconds for ten minutes; at these seconds the client disconnected before the response. */
function polls(left: readonly number[]): { relay: string; balancer: string } {
  const seconds = Array.from({ length: 60 }, (_, n) => n * 10)
  const answered = seconds.filter((second) => !left.includes(second))
  const balancer = seconds.map((second) => passed(second, left.includes(second) ? 499 : 204))
  return { relay: `${answered.map(relayLine).join('\n')}\n`, balancer: `${balancer.join('\n')}\n` }
}

describe('a client that disconnects before the response', () => {
  it('is only an info if it happens occasionally: the client was stopped', async () => {
    const { relay, balancer } = polls([100, 300, 500])
    const report = await reportOf({ 'relay.log': relay, 'nginx-access.log': balancer })
    expect(summaries(report)).toEqual(['info client-left observed'])
  })

  it('is a warning if it happens repeatedly: its timeout is too short', async () => {
    const { relay, balancer } = polls([100, 110, 120, 130])
    const report = await reportOf({ 'relay.log': relay, 'nginx-access.log': balancer })
    expect(summaries(report)).toEqual(['warning client-left recovered'])
  })

  it('is reported once as a timeout if its own log shows one', async () => {
    const left = [100, 130, 160]
    const { relay, balancer } = polls(left)
    const own = Array.from({ length: 60 }, (_, n) => n * 10).map((second) =>
      JSON.stringify({
        time: START + second * 1_000 + 20,
        component: 'bunny',
        requestId: `r${second}`,
        ...(left.includes(second)
          ? {
              level: 50,
              kind: 'transport',
              code: 'UND_ERR_HEADERS_TIMEOUT',
              detail: 'no answer in 30 s',
              msg: 'poll failed',
              durationMs: 30_000,
            }
          : { level: 20, status: 204, durationMs: 20, msg: 'poll answered' }),
      }),
    )
    const client = `${own.join('\n')}\n`
    const report = await reportOf({
      'relay.log': relay,
      'nginx-access.log': balancer,
      'bunny-north.log': client,
    })
    expect(summaries(report)).toEqual(['warning read-timeout recovered'])
  })
})
