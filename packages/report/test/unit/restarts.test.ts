import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'

const START = Date.UTC(2026, 0, 12, 9)
const COLLECTION = '6f1e9c1a-5a0b-4a43-9a53-0d1b0c2f7a11'

type Line = readonly [seconds: number, msg: string, fields?: Readonly<Record<string, unknown>>]

const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString()

function log(component: string, lines: readonly Line[]): string {
  return lines
    .toSorted((a, b) => a[0] - b[0])
    .map(([seconds, msg, fields]) =>
      JSON.stringify({ level: 30, time: START + seconds * 1_000, component, msg, ...fields }),
    )
    .join('\n')
}

/** Five minutes of polls every five seconds in the log of a relay or client, except for a pause. */
function polls(away: readonly [from: number, to: number], write: (at: number) => Line): Line[] {
  return Array.from({ length: 60 }, (_, n) => n * 5)
    .filter((seconds) => seconds < away[0] || seconds > away[1])
    .map(write)
}

const answered = (seconds: number): Line => [
  seconds,
  'request completed',
  {
    method: 'GET',
    path: `/link_connector_api/task/nextjob/${COLLECTION}`,
    status: 204,
    durationMs: 3,
    user: 'site-a',
    node: COLLECTION,
    requestId: `r${seconds}`,
  },
]

const asked = (seconds: number): Line => [
  seconds + 0.02,
  'poll answered',
  { status: 204, durationMs: 20, requestId: `r${seconds}` },
]

const UNBROKEN = [-1, -1] as const

async function findings(relay: readonly Line[], client: readonly Line[]): Promise<Finding[]> {
  const report = await reportOf({
    'relay.log': log('relay', relay),
    'site-a/bunny.log': log('bunny', client),
  })
  return report.findings.filter(({ cause }) => cause.endsWith('-restarted'))
}

describe('a program that starts in the middle of its log', () => {
  it('is a relay that crashed, however short the pause and however near the start', async () => {
    const relay: Line[] = [
      ...polls([26, 44], answered),
      [44, 'relay started', { version: '1.0.0' }],
    ]
    expect(await findings(relay, polls([26, 44], asked))).toMatchObject([
      { cause: 'relay-restarted', count: 1, first: at(25), recoveredAt: at(44) },
    ])
    const [finding] = await findings(relay, polls([26, 44], asked))
    expect(finding?.why).toContain('without a shutdown message')
  })

  it('is a relay that restarted cleanly, if it logged a shutdown', async () => {
    const relay: Line[] = [
      ...polls([26, 44], answered),
      [27, 'relay stopping', { signal: 'SIGTERM' }],
      [44, 'relay started', { version: '1.0.0' }],
    ]
    const [finding] = await findings(relay, polls([26, 44], asked))
    expect(finding).toMatchObject({ cause: 'relay-restarted', first: at(27) })
    expect(finding?.why).not.toContain('without a shutdown message')
  })

  it('is a client that crashed', async () => {
    const client: Line[] = [...polls([101, 119], asked), [118, 'bunny starting', {}]]
    expect(await findings(polls([101, 119], answered), client)).toMatchObject([
      { cause: 'client-restarted', severity: 'warning', first: at(100), party: 'site' },
    ])
  })

  it('is an info if a client shut down cleanly, and a warning if it was away for long', async () => {
    const restart = (back: number): Promise<Finding[]> =>
      findings(polls([101, back], answered), [
        ...polls([101, back], asked),
        [102, 'bunny stopping', {}],
        [back, 'bunny starting', {}],
      ])
    expect(await restart(108)).toMatchObject([{ cause: 'client-restarted', severity: 'info' }])
    expect(await restart(160)).toMatchObject([{ cause: 'client-restarted', severity: 'warning' }])
  })

  it('is not a restart if the time range begins with it', async () => {
    const relay: Line[] = [
      [-40, 'waiting for the database', { detail: 'starting up' }],
      [-2, 'relay started', { version: '1.0.0' }],
      ...polls(UNBROKEN, answered),
    ]
    const client: Line[] = [
      [-2, 'bunny starting', {}],
      [-1, 'bunny started', {}],
      ...polls(UNBROKEN, asked),
    ]
    expect(await findings(relay, client)).toEqual([])
  })
})
