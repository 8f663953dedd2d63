import { levelOf, type LogRecord, type TextCatalogue } from '@warren/runtime'
import { BunnyEvent } from './log-events.ts'
import { networkErrorText } from './network-error-text.ts'

const text = (record: LogRecord, field: string): string => {
  const value = record[field]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

const debug = (message: string) => ({ level: 'debug' as const, message })
const info = (message: string) => ({ level: 'info' as const, message })
const warn = (message: string) => ({ level: 'warn' as const, message })
const error = (message: string) => ({ level: 'error' as const, message })

/**
 * The lines that the Python bunny writes for the same events (`LOG_FORMAT=text`), so that existing log pipelines keep
 * working. An empty list: the Python bunny logs nothing. Events that it does not have are logged in Warren's format.
 */
export const bunnyTextCatalogue: TextCatalogue = {
  [BunnyEvent.starting]: (r) => [info(`Starting Bunny version: ${text(r, 'version')}`)],
  [BunnyEvent.databaseConnecting]: () => [info('Connecting to database...')],
  [BunnyEvent.started]: () => [info('Polling for tasks...')],
  [BunnyEvent.withoutHttps]: () => [
    warn('HTTPS is not used for the task API. This is not recommended in production environments.'),
  ],
  [BunnyEvent.pollSent]: (r) => [
    debug(`Sending get request to ${text(r, 'url')}`),
    debug(`Sending get request to ${text(r, 'url')} with data None and kwargs {}`),
  ],
  [BunnyEvent.pollAnswered]: (r) => [debug(`Response Status: ${text(r, 'status')}`)],
  [BunnyEvent.noTask]: () => [debug('No task found. Looking for task...')],
  [BunnyEvent.pollFailed]: (r) => {
    const message = `Network error occurred: ${networkErrorText(r)}`
    // The Python bunny logs each failed poll. Here only the first one of an outage is an error.
    if (levelOf(r.level) === 'debug') return [debug(message)]
    const advice = text(r, 'advice')
    return [error(message), ...(advice === '' ? [] : [warn(`What to do: ${advice}`)])]
  },
  [BunnyEvent.pollsNotHeld]: () => [],
  // At DEBUG each poll has its own lines. At INFO the Python bunny logs nothing about an idle link.
  [BunnyEvent.linkSummary]: () => [],
  [BunnyEvent.taskReceived]: () => [
    info('Task received. Resolving...'),
    info('Processing query...'),
  ],
  [BunnyEvent.taskSolved]: (r) =>
    r['status'] === 'ok' && r['kind'] === 'availability' ? [info('Solved availability query')] : [],
  [BunnyEvent.taskNotAnswerable]: (r) => [notAnswerable(r)],
  [BunnyEvent.resultSubmitted]: () => [info('Task resolved.')],
  [BunnyEvent.resultSubmissionFailed]: (r) =>
    r['status'] === undefined
      ? [error(`Network error occurred while posting results: ${networkErrorText(r)}`)]
      : [
          warn(
            `Failed to post to task/result/${text(r, 'taskId')}/[REDACTED] at ${String(r.time / 1000)}. Trying again...`,
          ),
        ],
  [BunnyEvent.resultRejected]: (r) => [
    error(`Result of task ${text(r, 'taskId')} was refused with status ${text(r, 'status')}.`),
  ],
  [BunnyEvent.resultLost]: (r) => [
    error(`Result of task ${text(r, 'taskId')} is lost: ${text(r, 'reason')}`),
  ],
  [BunnyEvent.resultSaved]: (r) => [info(`Saved results to ${text(r, 'path')}`)],
  [BunnyEvent.cacheHit]: () => [info('Returning cached distribution result')],
  [BunnyEvent.cacheRefreshed]: () => [info('Cache refresh completed')],
}

function notAnswerable(record: LogRecord): { level: 'error' | 'warn'; message: string } {
  const reason = text(record, 'reason')
  switch (record['cause']) {
    case 'invalid':
      return error(`Invalid task input: ${reason}`)
    case 'unsupported':
      return error(`Not implemented: ${reason}`)
    default:
      return error(`Error solving task ${text(record, 'taskId')}: ${reason}`)
  }
}
