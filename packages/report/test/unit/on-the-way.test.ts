import { describe, expect, it } from 'vitest'
import type { Finding, ReportDocument } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'
import type { Printed } from '../fixtures/wild-lines.ts'
import {
  dotnetRelay,
  MORNING,
  plain,
  pollsEvery,
  pythonBunny,
  pythonLine,
} from '../fixtures/wild-lines.ts'
import {
  LENGTH,
  mercyAtRelay,
  OLAF,
  olafAtRelay,
  olafTimes,
  relayItself,
} from '../fixtures/wild-network.ts'

const problemsOf = ({ findings }: ReportDocument): Finding[] =>
  findings.filter(({ severity }) => severity !== 'info')

const json = (component: string, at: number, msg: string, fields: object): string =>
  `${JSON.stringify({ level: 20, time: MORNING + Math.round(at * 1_000), component, ...fields, msg })}\n`

describe('held polls whose connection is forgotten on the way', () => {
  it.each([
    ['connection-closed', { kind: 'transport', code: 'ECONNRESET' }],
    ['read-timeout', { kind: 'timeout', code: 'UND_ERR_HEADERS_TIMEOUT' }],
  ])('are lost on the way back, always after the same time: %s', async (cause, failure) => {
    const times = pollsEvery(27, 3, LENGTH, 0)
    const report = await reportOf({
      'bunny.log': times
        .map(
          (at, n) =>
            json('bunny', at, 'poll sent', {
              requestId: `q${n}`,
              url: 'https://hub.example.org',
              waitMs: 25_000,
            }) +
            json('bunny', at + 12, 'poll failed', {
              requestId: `q${n}`,
              ...failure,
              durationMs: 12_003 + (n % 3),
            }),
        )
        .join(''),
      'relay.log': times
        .map((at, n) =>
          json('relay', at + 25, 'request completed', {
            requestId: `q${n}`,
            path: `/link_connector_api/task/nextjob/${OLAF}`,
            status: 204,
            durationMs: 3,
            heldMs: 25_000,
            user: 'st-olaf',
            node: OLAF,
          }),
        )
        .join(''),
    })
    expect(problemsOf(report)).toMatchObject([{ cause, party: 'network', status: 'ongoing' }])
    const [finding] = problemsOf(report)
    expect(finding?.why).toContain('Always after 12 s')
    expect(finding?.why).toContain('lost on the way back')
    expect(finding?.next.join(' ')).toContain('POLL_WAIT_SECONDS')
  })
})

describe('a component in front of the relay that turns polls down', () => {
  const errorOf = (status: number): string =>
    `Network error occurred: ${status} Client Error: Turned Down for url: https://hub.example.org/link_connector_api/task/nextjob/[REDACTED]`

  it.each([
    ['one after the other', (at: number) => Math.floor(at / 10) % 2 === 1],
    ['from one moment on', (at: number) => at > 600],
  ])('must be found, not the polling interval of the client: %s', async (_, turnedDown) => {
    for (const status of [429, 403]) {
      const report = await reportOf({
        'bunny.log': plain(
          pythonBunny({
            times: olafTimes,
            fails: (at) => (turnedDown(at) ? errorOf(status) : undefined),
          }),
        ),
        'hub.log': plain(
          relayItself,
          mercyAtRelay,
          dotnetRelay({
            user: 'st-olaf',
            collection: OLAF,
            times: olafTimes.filter((at) => !turnedDown(at)),
          }),
        ),
      })
      expect(problemsOf(report)).toMatchObject([
        { party: 'network', title: `st-olaf: ${status} from a component in front of the relay` },
      ])
    }
  })

  it('is not suspected if the relay itself limits the client', async () => {
    const status = (at: number): number => (at > 600 ? 429 : 204)
    const report = await reportOf({
      'bunny.log': plain(
        pythonBunny({ times: olafTimes, fails: (at) => (at > 600 ? errorOf(429) : undefined) }),
      ),
      'hub.log': plain(
        relayItself,
        mercyAtRelay,
        dotnetRelay({ user: 'st-olaf', collection: OLAF, times: olafTimes, status }),
      ),
    })
    expect(problemsOf(report)).toMatchObject([{ cause: 'rate-limited', party: 'site' }])
  })
})

describe('results that do not arrive while polls are answered', () => {
  const url = 'https://hub.example.org/link_connector_api'
  const CUT =
    "Network error occurred while posting: ('Connection aborted.', TimeoutError('The write operation timed out'))"
  const TOO_LARGE = `Network error occurred while posting: 413 Client Error: Request Entity Too Large for url: ${url}/task/result/0b7c/[REDACTED]`
  const withTask = olafTimes.filter((_, n) => n % 6 === 3)
  const task = (at: number, n: number, failure: string): Printed[] => {
    const large = n % 3 > 0
    const sent = `Sending post request to ${url}/task/result/0b7c${n}/[REDACTED] with data ${'x'.repeat(large ? 9_000 : 400)} and kwargs {}`
    const end = large
      ? [
          ...(failure === TOO_LARGE ? [pythonLine(at + 2, 'DEBUG', 'Response Status: 413')] : []),
          pythonLine(at + 2, 'ERROR', failure),
        ]
      : [
          pythonLine(at + 2, 'DEBUG', 'Response Status: 200'),
          pythonLine(at + 2, 'INFO', 'Task resolved.'),
        ]
    return [
      pythonLine(
        at,
        'DEBUG',
        `Sending get request to ${url}/task/nextjob/[REDACTED] with data None and kwargs {}`,
      ),
      pythonLine(at + 0.2, 'DEBUG', 'Response Status: 200'),
      pythonLine(at + 0.2, 'INFO', 'Task received. Resolving...'),
      pythonLine(at + 1, 'DEBUG', sent),
      ...end,
    ]
  }

  it.each([
    ['cut off', CUT],
    ['rejected by a proxy', TOO_LARGE],
  ])('are one finding of the network, and no failed polls: %s', async (_, failure) => {
    const report = await reportOf({
      'bunny.log': plain(
        pythonBunny({ times: olafTimes.filter((at) => !withTask.includes(at)) }),
        withTask.flatMap((at, n) => task(at, n, failure)),
      ),
      'hub.log': plain(
        relayItself,
        mercyAtRelay,
        dotnetRelay({
          user: 'st-olaf',
          collection: OLAF,
          times: olafTimes,
          status: (at) => (withTask.includes(at) ? 200 : 204),
        }),
      ),
    })
    expect(problemsOf(report)).toMatchObject([
      {
        cause: 'result-not-submitted',
        party: 'network',
        status: 'ongoing',
        title: 'st-olaf: large results do not arrive at the relay',
      },
    ])
    expect(problemsOf(report)[0]?.why).toMatch(/bytes and less arrive/)
    expect(problemsOf(report)[0]?.why).not.toContain('user name')
  })
})

describe('the login page of a proxy', () => {
  it('does not count as answered, although its status is 200', async () => {
    const page = 'Expecting value: line 1 column 1 (char 0)'
    const answered = pythonBunny({ times: olafTimes, fails: () => page })
    // The status comes before the error.
    const withStatus = answered.flatMap((line, n) =>
      n % 2 === 0
        ? [line]
        : [
            {
              at: line.at,
              text: line.text.replace(`ERROR`, 'DEBUG').replace(page, 'Response Status: 200'),
            },
            line,
          ],
    )
    const report = await reportOf({
      'bunny.log': plain(withStatus),
      'hub.log': plain(
        relayItself,
        olafAtRelay.filter(({ at }) => at < 0),
        mercyAtRelay,
      ),
    })
    expect(problemsOf(report)).toMatchObject([
      { cause: 'not-a-task-api', party: 'network', count: olafTimes.length, status: 'ongoing' },
    ])
    const client = report.links.flatMap(({ views }) => views).find(({ side }) => side === 'client')
    expect(client).toMatchObject({ exchanges: olafTimes.length, succeeded: 0 })
  })
})
