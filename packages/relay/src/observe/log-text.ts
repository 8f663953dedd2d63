import { STATUS_CODES } from 'node:http'
import type { LogRecord, TextCatalogue, TextLine } from '@warren/runtime'

// What the hub that this one replaces writes for the same event, message for message, so that log pipelines and
// people go on finding what they look for. Events that it does not know are written as `message key=value …`.

const REQUESTS = 'Serilog.AspNetCore.RequestLoggingMiddleware'

export const relayLogText: TextCatalogue = {
  'request completed': (record) => [
    {
      level: 'info',
      message: `HTTP ${text(record, 'method')} ${text(record, 'path')} responded ${text(record, 'status')} in ${elapsed(record)} ms`,
      source: REQUESTS,
    },
  ],
  'credentials validated': (record) => [
    { level: 'info', message: `Credentials validated for Client: ${text(record, 'user')}` },
  ],
  'authentication failed': authenticationFailed,
  'task received': (record) => [
    {
      level: 'info',
      message: `Task retrieved: (${jobType(record)}) ${text(record, 'taskId')}`,
    },
  ],
  'task expired': (record) => [
    {
      level: 'info',
      message: `Task:${text(record, 'taskId')} has reached the expiry threshold of ${threshold(record)}. Completing...`,
    },
  ],
  'submitting result': (record) => [
    { level: 'info', message: `Submitting Results for ${text(record, 'taskId')}.` },
  ],
  'result submitted': (record) => [
    { level: 'info', message: `Successfully submitted results for ${text(record, 'taskId')}.` },
  ],
  'submission failed': (record) => [
    {
      level: 'error',
      message: `Task submission failed with ${failure(record)}. Retrying in ${seconds(record)} seconds... (${tries(record)})`,
    },
  ],
  'upstream poll failed': (record) => [
    {
      level: 'error',
      message: `Upstream poll of ${text(record, 'upstream')} (${text(record, 'type')}) failed with ${failure(record)}. Retrying in ${seconds(record)} seconds...`,
    },
  ],
  // Every request has a line of its own in this format.
  'link summary': () => [],
}

function authenticationFailed(record: LogRecord): TextLine[] {
  const client = text(record, 'user')
  const failed: TextLine = {
    level: 'info',
    message: `Credentials failed validation for Client: ${client}`,
  }
  switch (record['reason']) {
    case 'missing':
      return [unauthenticated('Missing Authorization Header')]
    case 'malformed':
      return [unauthenticated('Invalid Authorization Header')]
    case 'unknown user':
      return [{ level: 'warn', message: `User not found: ${client}` }, failed]
    case 'wrong password':
      return [{ level: 'warn', message: `Invalid password for client: ${client}` }, failed]
    case 'wrong collection': {
      const collection = text(record, 'collection')
      const message = `collectionId '${collection}' is not valid for clientId '${client}'.`
      return [{ level: 'warn', message }, failed]
    }
    default:
      return [{ level: 'warn', message: `Too many failed logins of Client: ${client}` }, failed]
  }
}

function unauthenticated(reason: string): TextLine {
  return { level: 'info', message: `Basic was not authenticated. Failure message: ${reason}` }
}

/** The whole time the client waited, also while its poll was held: that is what the old line says. */
function elapsed(record: LogRecord): string {
  return (number(record, 'durationMs') + number(record, 'heldMs')).toFixed(4)
}

function jobType(record: LogRecord): string {
  return record['kind'] === 'distribution' ? 'CollectionAnalysisJob' : 'AvailabilityJob'
}

function threshold(record: LogRecord): string {
  const total = Math.round(number(record, 'deadlineMs') / 1000)
  const parts = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

function failure(record: LogRecord): string {
  const status = number(record, 'status')
  if (status === 0) return text(record, 'code')
  return `${status} ${STATUS_CODES[status] ?? ''}`.trim()
}

function seconds(record: LogRecord): number {
  return Math.round(number(record, 'retryInMs') / 1000)
}

/** The old hub tries five times; ours as long as the upstream waits, and five times at the least. */
function tries(record: LogRecord): string {
  const attempt = number(record, 'attempt')
  return `${attempt}/${Math.max(5, attempt)}`
}

function text(record: LogRecord, field: string): string {
  const value = record[field]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?'
}

function number(record: LogRecord, field: string): number {
  const value = record[field]
  return typeof value === 'number' ? value : 0
}
