import { STATUS_CODES } from 'node:http'
import { levelOf, type LogRecord, type TextCatalogue, type TextLine } from '@warren/runtime'

// The messages of the .NET relay for the same events, word for word, because log pipelines match on them. Events that the
// .NET relay does not have are written as `message key=value …`.

const REQUESTS = 'Serilog.AspNetCore.RequestLoggingMiddleware'

export const relayLogText: TextCatalogue = {
  'request completed': (record) => [
    {
      level: 'info',
      message: `HTTP ${text(record, 'method')} ${text(record, 'path')} responded ${text(record, 'status')} in ${formatElapsed(record)} ms`,
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
      message: `Task retrieved: (${formatJobType(record)}) ${text(record, 'taskId')}`,
    },
  ],
  'task expired': (record) => [
    {
      level: 'info',
      message: `Task:${text(record, 'taskId')} has reached the expiry threshold of ${formatThreshold(record)}. Completing...`,
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
      message: `Task submission failed with ${formatFailure(record)}. Retrying in ${retrySeconds(record)} seconds... (${formatAttempt(record)})`,
    },
  ],
  'upstream poll failed': (record) => [
    {
      // The .NET relay logs each failed poll. Here only the first of each cause is an error.
      level: levelOf(record.level),
      message: `Upstream poll of ${text(record, 'upstream')} (${text(record, 'type')}) failed with ${formatFailure(record)}. Retrying in ${retrySeconds(record)} seconds...`,
    },
  ],
  // In this format, every request already has a line.
  'link summary': () => [],
  'nodes summary': () => [],
}

function authenticationFailed(record: LogRecord): TextLine[] {
  const user = text(record, 'user')
  const failed: TextLine = {
    level: 'info',
    message: `Credentials failed validation for Client: ${user}`,
  }
  switch (record['reason']) {
    case 'missing':
      return [unauthenticated('Missing Authorization Header')]
    case 'malformed':
      return [unauthenticated('Invalid Authorization Header')]
    case 'unknown user':
      return [{ level: 'warn', message: `User not found: ${user}` }, failed]
    case 'disabled user':
      return [{ level: 'warn', message: `User is disabled: ${user}` }, failed]
    case 'wrong password':
      return [{ level: 'warn', message: `Invalid password for client: ${user}` }, failed]
    case 'wrong collection': {
      const collection = text(record, 'collection')
      const message = `collectionId '${collection}' is not valid for clientId '${user}'.`
      return [{ level: 'warn', message }, failed]
    }
    default:
      return [{ level: 'warn', message: `Too many failed logins of Client: ${user}` }, failed]
  }
}

function unauthenticated(reason: string): TextLine {
  return { level: 'info', message: `Basic was not authenticated. Failure message: ${reason}` }
}

/** As in the .NET relay, this includes the time a poll was held. */
function formatElapsed(record: LogRecord): string {
  return (number(record, 'durationMs') + number(record, 'heldMs')).toFixed(4)
}

function formatJobType(record: LogRecord): string {
  return record['kind'] === 'distribution' ? 'CollectionAnalysisJob' : 'AvailabilityJob'
}

function formatThreshold(record: LogRecord): string {
  const total = Math.round(number(record, 'deadlineMs') / 1000)
  const parts = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

function formatFailure(record: LogRecord): string {
  const status = number(record, 'status')
  if (status === 0) return text(record, 'code')
  return `${status} ${STATUS_CODES[status] ?? ''}`.trim()
}

function retrySeconds(record: LogRecord): number {
  return Math.round(number(record, 'retryInMs') / 1000)
}

/** The .NET relay makes five attempts. This relay makes at least five, and more until the upstream deadline. */
function formatAttempt(record: LogRecord): string {
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
