import { describe, expect, it } from 'vitest'

import { JSON_EXPORTS } from '../fixtures/exports/json-exports.ts'
import { PROGRAM_LOGS } from '../fixtures/exports/program-logs.ts'
import { TEXT_EXPORTS } from '../fixtures/exports/text-exports.ts'
import { reportOf } from '../fixtures/report-of.ts'

describe('an export', () => {
  it.each([...TEXT_EXPORTS, ...JSON_EXPORTS, ...PROGRAM_LOGS])(
    'is read: $name',
    async ({ file, role, pod, text }) => {
      const report = await reportOf({ [file]: text })
      expect(report.sources).toMatchObject([{ events: 20, role }])
      // Grafana writes three lines before the first one.
      const header = text
        .split('\n')
        .filter((line) => /^(?:Common labels|Line limit|Total)/.test(line))
      expect(report.sources[0]?.unreadable).toBe(header.length)
      if (pod !== undefined) expect(report.components.map((one) => one.pod)).toContain(pod)
      const time = report.sources[0]?.first?.slice(11, 19)
      expect(time).toBe('06:56:00')
    },
  )

  it('keeps the exception of a Serilog event below its line', async () => {
    const event = (second: number): string =>
      JSON.stringify({
        '@t': `2025-09-26T06:56:0${second}.000Z`,
        '@mt': 'HTTP {RequestMethod} {RequestPath} responded {StatusCode} in {Elapsed:0.0000} ms',
        '@r': ['98.2000'],
        '@l': 'Error',
        '@x': 'Npgsql.NpgsqlException: Failed to connect to 127.0.0.1:5432\n   at Npgsql.Open()',
        RequestMethod: 'GET',
        RequestPath: '/link_connector_api/task/nextjob/6f1e2c1e-5a0b-4a43-9a53-0d1b0c2f7a11',
        StatusCode: 500,
      })
    const report = await reportOf({
      'relay.json': Array.from({ length: 9 }, (_, n) => event(n)).join('\n'),
    })
    expect(report.sources).toMatchObject([{ events: 9, continuations: 18, unreadable: 0 }])
    expect(report.findings.map(({ cause }) => cause)).toContain('database-failing')
  })

  it('separates the status of a proxy from that of the relay behind it', async () => {
    const path = '/link_connector_api/task/nextjob/6f1e2c1e-5a0b-4a43-9a53-0d1b0c2f7a11'
    const line = (n: number): string =>
      JSON.stringify({
        start_time: new Date(Date.UTC(2025, 8, 26, 6, n)).toISOString(),
        method: 'GET',
        path,
        response_code: n < 20 ? 204 : 503,
        response_flags: n < 20 ? '-' : 'UH',
        duration: 12,
      })
    const report = await reportOf({
      'envoy.json': Array.from({ length: 40 }, (_, n) => line(n)).join('\n'),
    })
    expect(report.components.map(({ program }) => program)).toContain('Envoy')
    expect(report.findings.map(({ cause }) => cause)).toContain('proxy-503')
  })

  it('keeps the records of arrays that follow each other in one file', async () => {
    const array = (second: number): string =>
      JSON.stringify([
        {
          timestamp: `2025-09-26T06:56:0${second}Z`,
          line: `[06:56:0${second} INF] HTTP GET /healthz responded 200 in 3.1 ms`,
        },
      ])
    const report = await reportOf({ 'logs.json': [1, 2, 3].map(array).join('\n') })
    expect(report.sources).toMatchObject([{ events: 3, unreadable: 0 }])
  })
})
