import { describe, expect, it } from 'vitest'
import { EventHead, LEVEL } from '../../src/read/event-head.ts'

function headOf(text: string) {
  const head = new EventHead()
  const buf = Buffer.from(text)
  if (!head.read(buf, 0, buf.length)) return undefined
  const { format, timeKind, level } = head
  return {
    format,
    timeKind,
    level,
    time: Number.isNaN(head.time) ? null : new Date(Math.floor(head.time)).toISOString(),
    message: text.slice(head.message, head.message + 12),
  }
}

describe('the beginning of an event', () => {
  it.each([
    [
      'DEBUG - 26-Sep-25 07:56:21 - Response Status: 204',
      'python-bunny',
      'dated',
      LEVEL.debug,
      '2025-09-26T07:56:21.000Z',
      'Response Sta',
    ],
    [
      'CRITICAL - 01-Jan-26 00:00:00 - going down',
      'python-bunny',
      'dated',
      LEVEL.fatal,
      '2026-01-01T00:00:00.000Z',
      'going down',
    ],
    [
      '[07:56:21 INF] Credentials validated for Client: site-a',
      'dotnet-relay',
      'time-of-day',
      LEVEL.info,
      '1970-01-01T07:56:21.000Z',
      'Credentials ',
    ],
    [
      '[07:56:25 WRN] User not found: site-x <s:Relay>',
      'dotnet-relay',
      'time-of-day',
      LEVEL.warn,
      '1970-01-01T07:56:25.000Z',
      'User not fou',
    ],
    [
      '2026-11-22 06:52:57.352983+00:00 [info] <0.725.0> accepting AMQP',
      'rabbitmq',
      'zoned',
      LEVEL.info,
      '2026-11-22T06:52:57.352Z',
      '<0.725.0> ac',
    ],
    [
      '2026-11-22 06:52:57.352 [error] <0.725.0> closing AMQP connection',
      'rabbitmq',
      'dated',
      LEVEL.error,
      '2026-11-22T06:52:57.352Z',
      '<0.725.0> cl',
    ],
    [
      '2025-09-26 06:56:21.123 UTC [42] relay@relay FATAL:  too many connections',
      'postgresql',
      'zoned',
      LEVEL.info,
      '2025-09-26T06:56:21.123Z',
      'relay@relay ',
    ],
    [
      'https 2025-09-26T06:56:21.123456Z app/lb/50dc 192.0.2.1:2817 10.0.0.1:80 0.001 0.132 0.000 204 204 34 366 "GET https://h:443/ HTTP/1.1"',
      'alb',
      'zoned',
      LEVEL.info,
      '2025-09-26T06:56:21.123Z',
      'app/lb/50dc ',
    ],
    [
      '192.0.2.1 - - [26/Sep/2025:07:56:21 +0100] "GET /healthz HTTP/1.1" 200 0 "-" "curl"',
      'nginx',
      'zoned',
      LEVEL.info,
      '2025-09-26T06:56:21.000Z',
      '"GET /health',
    ],
    [
      '2025/09/26 06:56:21 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream',
      'nginx-error',
      'dated',
      LEVEL.error,
      '2025-09-26T06:56:21.000Z',
      '29#29: *1 co',
    ],
  ])('%s', (text, format, timeKind, level, time, message) => {
    expect(headOf(text)).toEqual({ format, timeKind, level, time, message })
  })

  it('is not found in text that only looks like it', () => {
    for (const text of [
      '',
      '[',
      '[25:99:99 INF] no such time',
      '[07:56:21 XYZ] no such level',
      'DEBUG - 26-Sep-25',
      'DELETE FROM "AspNetUsers"',
      'WHERE a."Id" = 1',
      'INFO - 26-Foo-25 07:56:21 - no such month',
      'at Npgsql.Internal.NpgsqlConnector',
      '2025-09-26 is a date',
      '12345',
      'http is a word',
      'deadbeef',
    ]) {
      expect(headOf(text), text).toBeUndefined()
    }
  })
})
