import { accessLine, dotnetLine, postgresqlLine } from './canonical-line.ts'
import { renderTemplate } from './message-template.ts'
import type { JsonRecord } from './json-parts.ts'
import { numberIn, recordIn, textIn } from './json-parts.ts'

/** JSON in which a program logs an event as members. The report reads it as the line that the same program logs as text. */
interface RecordForm {
  readonly name: string
  /** Members that only this form has together; each entry lists alternatives. */
  readonly has: readonly (readonly string[])[]
  /** The line; undefined if the record is not an event. */
  readonly line: (record: JsonRecord) => string | undefined
}

/** The first form whose members a record has is used. A further form needs an entry here and a sample in the test. */
export const RECORD_FORMS: readonly RecordForm[] = [
  {
    name: 'Serilog compact JSON',
    has: [['@t'], ['@mt', '@m']],
    line: (record) =>
      dotnetLine({
        time: textIn(record, '@t'),
        level: textIn(record, '@l'),
        message: renderTemplate(textIn(record, '@mt'), record, record['@r'], textIn(record, '@m')),
        source: textIn(record, 'SourceContext'),
        exception: textIn(record, '@x'),
      }),
  },
  {
    name: 'Serilog JSON',
    has: [['Timestamp'], ['Level'], ['MessageTemplate', 'RenderedMessage']],
    line: (record) => {
      const properties = recordIn(record, 'Properties')
      return dotnetLine({
        time: textIn(record, 'Timestamp'),
        level: textIn(record, 'Level'),
        message: renderTemplate(
          textIn(record, 'MessageTemplate'),
          properties,
          undefined,
          textIn(record, 'RenderedMessage'),
        ),
        source: textIn(properties, 'SourceContext'),
        exception: textIn(record, 'Exception'),
      })
    },
  },
  {
    name: '.NET console JSON',
    has: [['Timestamp'], ['LogLevel'], ['Category'], ['Message']],
    line: (record) =>
      dotnetLine({
        time: textIn(record, 'Timestamp'),
        level: textIn(record, 'LogLevel'),
        message: textIn(record, 'Message'),
        source: textIn(record, 'Category'),
        exception: textIn(record, 'Exception'),
      }),
  },
  {
    name: 'PostgreSQL jsonlog',
    has: [['timestamp'], ['error_severity'], ['message']],
    line: (record) =>
      postgresqlLine({
        time: textIn(record, 'timestamp'),
        pid: textIn(record, 'pid'),
        user: textIn(record, 'user'),
        database: textIn(record, 'dbname'),
        severity: textIn(record, 'error_severity'),
        message: textIn(record, 'message'),
      }),
  },
  {
    name: 'CloudNativePG',
    has: [['logger'], ['logging_pod'], ['record']],
    line: (outer) => {
      const record = recordIn(outer, 'record')
      const severity = textIn(record, 'error_severity')
      if (severity === '') return undefined
      return postgresqlLine({
        time: textIn(record, 'log_time'),
        pid: textIn(record, 'process_id'),
        user: textIn(record, 'user_name'),
        database: textIn(record, 'database_name'),
        severity,
        message: textIn(record, 'message'),
      })
    },
  },
  {
    name: 'Envoy JSON',
    has: [['start_time'], ['response_code'], ['response_flags']],
    line: (record) => {
      const status = numberIn(record, 'response_code')
      const flags = textIn(record, 'response_flags')
      return accessLine({
        program: 'Envoy',
        time: textIn(record, 'start_time'),
        method: textIn(record, 'method'),
        target: textIn(record, 'path'),
        status: clientLeft(flags, status),
        targetStatus: flags === '-' || flags === '' ? status : undefined,
        ms: numberIn(record, 'duration'),
      })
    },
  },
  {
    name: 'Traefik JSON',
    has: [['DownstreamStatus'], ['RequestPath'], ['StartUTC', 'time']],
    line: (record) => {
      const origin = numberIn(record, 'OriginStatus')
      return accessLine({
        program: 'Traefik',
        time: textIn(record, 'StartUTC') || textIn(record, 'time'),
        method: textIn(record, 'RequestMethod'),
        target: textIn(record, 'RequestPath'),
        status: numberIn(record, 'DownstreamStatus'),
        targetStatus: origin > 0 ? origin : undefined,
        ms: numberIn(record, 'Duration') / 1e6,
      })
    },
  },
  {
    name: 'Caddy JSON',
    has: [['ts'], ['request'], ['duration'], ['status']],
    line: (record) => {
      const request = recordIn(record, 'request')
      const status = numberIn(record, 'status')
      return accessLine({
        program: 'Caddy',
        time: numberIn(record, 'ts') * 1_000,
        method: textIn(request, 'method'),
        target: textIn(request, 'uri'),
        status,
        targetStatus: behind(status),
        ms: numberIn(record, 'duration') * 1_000,
      })
    },
  },
  {
    name: 'NGINX JSON',
    has: [
      ['time_iso8601', 'time'],
      ['status'],
      ['request', 'request_uri', 'uri'],
      ['request_time'],
    ],
    line: (record) => {
      const [method = '', target = ''] = textIn(record, 'request').split(' ')
      const status = numberIn(record, 'status')
      return accessLine({
        program: 'NGINX',
        time: textIn(record, 'time_iso8601') || textIn(record, 'time'),
        method: method || textIn(record, 'request_method'),
        target: target || textIn(record, 'request_uri') || textIn(record, 'uri'),
        status,
        targetStatus: numberIn(record, 'upstream_status') || behind(status),
        ms: numberIn(record, 'request_time') * 1_000,
      })
    },
  },
]

/** A proxy that does not log the status of the server behind it: 502, 503 and 504 are its own. */
function behind(status: number): number | undefined {
  return status < 502 ? status : undefined
}

/** Envoy logs the status 0 if the client disconnected first. */
function clientLeft(flags: string, status: number): number {
  return status === 0 && flags.includes('DC') ? 460 : status
}
