import { TaskApiError } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import { BunnyEvent } from '../../src/log-events.ts'
import { textLog } from '../support/log-lines.ts'

const PREFIX = /^(DEBUG|INFO|WARNING|ERROR) - \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d - (.*)$/

/** Level and message of each line, in the format of the Python bunny. */
function linesOf(write: (log: ReturnType<typeof textLog>['log']) => void, options = {}): string[] {
  const { log, lines } = textLog(options)
  write(log)
  return lines.map((line) => {
    const match = PREFIX.exec(line)
    if (match === null) throw new Error(`not a line of the Python bunny: ${line}`)
    return `${match[1]} ${match[2]}`
  })
}

const URL = 'https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]'

function pollFailed(code: string, more: { status?: number; url?: string; detail?: string } = {}) {
  const lines = linesOf((log) =>
    log.error({ code, url: URL, detail: 'own message', ...more }, BunnyEvent.pollFailed),
  )
  expect(lines).toHaveLength(1)
  return lines[0] ?? ''
}

describe('LOG_FORMAT=text', () => {
  it('starts like the Python bunny', () => {
    expect(
      linesOf((log) => {
        log.info({ version: '0.1.0' }, BunnyEvent.starting)
        log.info({ database: 'postgresql://db:5432/omop' }, BunnyEvent.databaseConnecting)
        log.info({ version: '0.1.0', relay: URL }, BunnyEvent.started)
      }),
    ).toEqual([
      'INFO Starting Bunny version: 0.1.0',
      'INFO Connecting to database...',
      'INFO Polling for tasks...',
    ])
  })

  it('logs a poll as request, status and outcome, all at DEBUG', () => {
    const poll = (log: ReturnType<typeof textLog>['log']): void => {
      log.debug({ requestId: 'r', url: URL, waitMs: 20_000 }, BunnyEvent.pollSent)
      log.debug({ requestId: 'r', status: 204, durationMs: 3 }, BunnyEvent.pollAnswered)
      log.debug(BunnyEvent.noTask)
    }
    expect(linesOf(poll)).toEqual([
      `DEBUG Sending get request to ${URL}`,
      `DEBUG Sending get request to ${URL} with data None and kwargs {}`,
      'DEBUG Response Status: 204',
      'DEBUG No task found. Looking for task...',
    ])
    expect(linesOf(poll, { level: 'info' })).toEqual([])
  })

  it('logs a task from arrival to submission', () => {
    expect(
      linesOf((log) => {
        log.info({ taskId: 't', kind: 'availability' }, BunnyEvent.taskReceived)
        log.info(
          { taskId: 't', kind: 'availability', status: 'ok', count: 20 },
          BunnyEvent.taskSolved,
        )
        log.info({ taskId: 't', status: 200 }, BunnyEvent.resultSubmitted)
      }),
    ).toEqual([
      'INFO Task received. Resolving...',
      'INFO Processing query...',
      'INFO Solved availability query',
      'INFO Task resolved.',
    ])
  })

  it('logs nothing about an idle link', () => {
    expect(
      linesOf((log) => {
        log.info({ link: 'relay', polls: { 204: 12 } }, BunnyEvent.linkSummary)
        log.info({ askedSeconds: 25 }, BunnyEvent.pollsNotHeld)
      }),
    ).toEqual([])
  })

  it('logs why a task is invalid', () => {
    const lines = linesOf((log) =>
      log.warn(
        { taskId: 't', cause: 'invalid', reason: 'not a valid task' },
        BunnyEvent.taskNotAnswerable,
      ),
    )
    expect(lines).toEqual(['ERROR Invalid task input: not a valid task'])
  })

  it('masks the collection ID', () => {
    const lines = linesOf(
      (log) => log.info({ path: '/out/RQ-CC-1234.json' }, BunnyEvent.resultSaved),
      {
        secrets: ['RQ-CC-1234'],
      },
    )
    expect(lines).toEqual(['INFO Saved results to /out/[REDACTED].json'])
  })

  it('warns about a relay without https', () => {
    expect(linesOf((log) => log.warn(BunnyEvent.withoutHttps))).toEqual([
      'WARNING HTTPS is not used for the task API. This is not recommended in production environments.',
    ])
  })
})

describe('network errors in the wording of the Python bunny', () => {
  const pool = "HTTPSConnectionPool(host='relay.example.org', port=443)"
  const path = '/link_connector_api/task/nextjob/[REDACTED]'
  const caused = `ERROR Network error occurred: ${pool}: Max retries exceeded with url: ${path} (Caused by `

  it('logs a status', () => {
    expect(pollFailed('HTTP_401', { status: 401 })).toBe(
      `ERROR Network error occurred: 401 Client Error: Unauthorized for url: ${URL}`,
    )
    expect(pollFailed('HTTP_503', { status: 503 })).toBe(
      `ERROR Network error occurred: 503 Server Error: Service Unavailable for url: ${URL}`,
    )
  })

  it('logs the advice in a line of its own', () => {
    const fields = { code: 'HTTP_401', status: 401, url: URL, advice: 'check TASK_API_PASSWORD' }
    expect(linesOf((log) => log.error(fields, BunnyEvent.pollFailed))).toEqual([
      `ERROR Network error occurred: 401 Client Error: Unauthorized for url: ${URL}`,
      'WARNING What to do: check TASK_API_PASSWORD',
    ])
  })

  it('logs the further failures of an outage at debug only', () => {
    const write = (log: ReturnType<typeof textLog>['log']) =>
      log.debug({ code: 'HTTP_401', status: 401, url: URL }, BunnyEvent.pollFailed)
    expect(linesOf(write)).toEqual([
      `DEBUG Network error occurred: 401 Client Error: Unauthorized for url: ${URL}`,
    ])
    expect(linesOf(write, { level: 'info' })).toEqual([])
  })

  it('logs a TLS handshake that ends in EOF', () => {
    expect(pollFailed('TLS_HANDSHAKE_CLOSED')).toContain(
      'UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol',
    )
  })

  it('logs an unknown host name', () => {
    const line = pollFailed('ENOTFOUND')
    expect(line.startsWith(caused)).toBe(true)
    expect(line).toMatch(
      /NameResolutionError\(".*: Failed to resolve 'relay\.example\.org' \(\[Errno -2\] Name or service not known\)"\)\)$/,
    )
  })

  it('logs a refused connection', () => {
    expect(pollFailed('ECONNREFUSED')).toMatch(
      /\(Caused by NewConnectionError\('.*: Failed to establish a new connection: \[Errno 111\] Connection refused'\)\)$/,
    )
  })

  it('logs a connect timeout', () => {
    expect(pollFailed('CONNECT_TIMEOUT')).toMatch(
      /\(Caused by ConnectTimeoutError\(.*, 'Connection to relay\.example\.org timed out\. \(connect timeout=None\)'\)\)$/,
    )
  })

  it('logs a read timeout', () => {
    expect(pollFailed('READ_TIMEOUT')).toContain(`${pool}: Read timed out.`)
  })

  it.each([
    ['TLS_CERT_HAS_EXPIRED', 'certificate has expired'],
    ['TLS_DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'],
    ['TLS_UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to get local issuer certificate'],
    [
      'TLS_CERT_ALTNAME_INVALID',
      "Hostname mismatch, certificate is not valid for 'relay.example.org'.",
    ],
  ])('logs %s', (code, reason) => {
    expect(pollFailed(code)).toBe(
      `${caused}SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ${reason} (_ssl.c:1010)')))`,
    )
  })

  it('logs a reset connection', () => {
    expect(pollFailed('ECONNRESET')).toBe(
      "ERROR Network error occurred: ('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
    )
  })

  it('falls back to the message of the error', () => {
    expect(pollFailed('PROXY_502')).toContain('Network error occurred: own message')
  })

  it('logs http URLs and ports', () => {
    const line = pollFailed('ECONNREFUSED', {
      url: 'http://relay:8080/x/task/nextjob/[REDACTED].a',
    })
    expect(line).toContain(
      "HTTPConnectionPool(host='relay', port=8080): Max retries exceeded with url: /x/task/nextjob/[REDACTED].a",
    )
  })
})

const failed = (error: TaskApiError) =>
  linesOf((log) =>
    log.warn(
      {
        taskId: 'task-1',
        code: error.code,
        ...(error.status === undefined ? {} : { status: error.status }),
        detail: error.message,
        url: URL,
      },
      BunnyEvent.resultSubmissionFailed,
    ),
  )

describe('failed submissions', () => {
  it('are logged with the time, like by the Python bunny', () => {
    const [line] = failed(
      new TaskApiError('x', { kind: 'unavailable', code: 'HTTP_500', status: 500, requestId: 'r' }),
    )
    expect(line).toMatch(
      /^WARNING Failed to post to task\/result\/task-1\/\[REDACTED\] at \d{10}(\.\d+)?\. Trying again\.\.\.$/,
    )
  })

  it('are logged as errors if the network failed', () => {
    const [line] = failed(
      new TaskApiError('x', { kind: 'transport', code: 'ECONNREFUSED', requestId: 'r' }),
    )
    expect(line).toMatch(
      /^ERROR Network error occurred while posting results: .*Connection refused/,
    )
  })
})
