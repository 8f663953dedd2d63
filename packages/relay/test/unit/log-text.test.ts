import { createLogger, relayText } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { relayLogText } from '../../src/observe/log-text.ts'

/** The lines of a record in the text format, without time and source. */
function linesOf(msg: string, fields: object, level: 'debug' | 'info' | 'warn' | 'error' = 'info') {
  const written: string[] = []
  const log = createLogger({
    component: 'relay',
    level: 'info',
    format: 'text',
    destination: { write: (line: string) => written.push(line) },
    text: relayText(relayLogText),
  })
  log[level](fields, msg)
  return written
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\[\d\d:\d\d:\d\d /, '[').replace(/ <s:[^>]+>$/, ''))
}

describe('the text log', () => {
  it.each([
    [
      'credentials validated',
      { user: 'site-a' },
      ['[INF] Credentials validated for Client: site-a'],
    ],
    [
      'request completed',
      {
        method: 'GET',
        path: '/link_connector_api/task/nextjob/6f1e',
        status: 204,
        durationMs: 132.4785,
      },
      ['[INF] HTTP GET /link_connector_api/task/nextjob/6f1e responded 204 in 132.4785 ms'],
    ],
    [
      'request completed',
      { method: 'GET', path: '/x', status: 200, durationMs: 0.5, heldMs: 1000 },
      ['[INF] HTTP GET /x responded 200 in 1000.5000 ms'],
    ],
    [
      'authentication failed',
      { reason: 'missing' },
      ['[INF] Basic was not authenticated. Failure message: Missing Authorization Header'],
    ],
    [
      'authentication failed',
      { reason: 'malformed' },
      ['[INF] Basic was not authenticated. Failure message: Invalid Authorization Header'],
    ],
    [
      'authentication failed',
      { reason: 'unknown user', user: 'site-x' },
      ['[WRN] User not found: site-x', '[INF] Credentials failed validation for Client: site-x'],
    ],
    [
      'authentication failed',
      { reason: 'wrong password', user: 'site-b' },
      [
        '[WRN] Invalid password for client: site-b',
        '[INF] Credentials failed validation for Client: site-b',
      ],
    ],
    [
      'authentication failed',
      { reason: 'wrong collection', user: 'site-b', collection: '6f1e' },
      [
        "[WRN] collectionId '6f1e' is not valid for clientId 'site-b'.",
        '[INF] Credentials failed validation for Client: site-b',
      ],
    ],
    [
      'task received',
      { taskId: '0b7c', kind: 'availability' },
      ['[INF] Task retrieved: (AvailabilityJob) 0b7c'],
    ],
    [
      'task received',
      { taskId: '0b7c', kind: 'distribution' },
      ['[INF] Task retrieved: (CollectionAnalysisJob) 0b7c'],
    ],
    ['submitting result', { taskId: '0b7c' }, ['[INF] Submitting Results for 0b7c.']],
    ['result submitted', { taskId: '0b7c' }, ['[INF] Successfully submitted results for 0b7c.']],
    [
      'task expired',
      { taskId: '0b7c', deadlineMs: 240_000 },
      ['[INF] Task:0b7c has reached the expiry threshold of 00:04:00. Completing...'],
    ],
    [
      'task expired',
      { taskId: '0b7c', deadlineMs: 6_480_000 },
      ['[INF] Task:0b7c has reached the expiry threshold of 01:48:00. Completing...'],
    ],
    [
      'submission failed',
      { taskId: '0b7c', attempt: 1, status: 500, code: 'HTTP_500', retryInMs: 5000 },
      [
        '[ERR] Task submission failed with 500 Internal Server Error. Retrying in 5 seconds... (1/5)',
      ],
    ],
    [
      'submission failed',
      { taskId: '0b7c', attempt: 7, code: 'ECONNREFUSED', retryInMs: 60_000 },
      ['[ERR] Task submission failed with ECONNREFUSED. Retrying in 60 seconds... (7/7)'],
    ],
    ['link summary', { link: 'node a', polls: { 204: 12 } }, []],
    ['lease returned', { taskId: '0b7c', node: 'n' }, ['[INF] lease returned taskId=0b7c node=n']],
  ])('writes %s %j as the .NET relay does', (msg, fields, expected) => {
    expect(linesOf(msg, fields)).toEqual(expected)
  })

  it('writes at info the events of the .NET relay that JSON logs at debug', () => {
    expect(linesOf('credentials validated', { user: 'a' }, 'debug')).toHaveLength(1)
    expect(linesOf('upstream poll answered', { status: 204 }, 'debug')).toEqual([])
  })

  it('contains the first failed poll of an outage, not each of them', () => {
    const failure = { upstream: 'national', type: 'a', status: 503, retryInMs: 2_000 }
    expect(linesOf('upstream poll failed', failure, 'error')).toEqual([
      expect.stringMatching(/^\[ERR\] Upstream poll of national \(a\) failed with /),
    ])
    expect(linesOf('upstream poll failed', failure, 'debug')).toEqual([])
  })

  it('escapes line breaks in a user name', () => {
    const user = 'x\n[07:56:21 INF] Credentials validated for Client: admin'
    const lines = linesOf('authentication failed', { reason: 'unknown user', user })
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^\[WRN\] User not found: x/)
  })
})
