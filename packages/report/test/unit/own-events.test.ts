import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { ours, ourPolls, ourRequests } from '../fixtures/small-logs.ts'

const NODE = '6f1e9c1a-5a0b-4a43-9a53-0d1b0c2f7a11'

type Event = readonly [atMs: number, msg: string, more?: Record<string, unknown>]

/** The findings, except infos, of ten minutes of a healthy network in which these events are logged too. */
async function findingsOn(events: {
  readonly bunny?: readonly Event[]
  readonly relay?: readonly Event[]
}): Promise<Finding[]> {
  const inOrder = (...all: Event[]): Event[] => all.toSorted((a, b) => a[0] - b[0])
  const { findings } = await reportOf({
    'bunny.log': ours('bunny', 'bunny-0', inOrder(...ourPolls('a'), ...(events.bunny ?? []))),
    'relay.log': ours(
      'relay',
      'relay-0',
      inOrder(...ourRequests('site-a', NODE, 'a'), ...(events.relay ?? [])),
    ),
  })
  return findings.filter(({ severity }) => severity !== 'info')
}

describe('files that a bunny needs', () => {
  it('are a finding of the site until they can be used again', async () => {
    const failure: Event = [100_000, 'outbox failure', { level: 50, reason: 'ENOSPC' }]
    expect(await findingsOn({ bunny: [failure] })).toMatchObject([
      { cause: 'client-files-failing', party: 'site', status: 'ongoing' },
    ])
    expect(await findingsOn({ bunny: [failure, [200_000, 'outbox recovered']] })).toMatchObject([
      { cause: 'client-files-failing', status: 'recovered' },
    ])
  })

  it('have recovered when all of them have', async () => {
    const findings = await findingsOn({
      bunny: [
        [100_000, 'audit failure', { level: 50 }],
        [110_000, 'policy invalid', { level: 50 }],
        [200_000, 'policy changed'],
      ],
    })
    expect(findings).toMatchObject([{ cause: 'client-files-failing', status: 'ongoing', count: 2 }])
    expect(findings[0]?.why).toContain('audit record')
  })
})

describe('what a relay logs', () => {
  const detail =
    'upstream.example.org: 203.0.113.7 closed the TLS handshake 40 times since 08:29 UTC; 203.0.113.9 works'

  it('about single addresses of the upstream is a finding', async () => {
    const failing: Event = [
      60_000,
      'address failing',
      { level: 40, address: '203.0.113.7', count: 40, since: '2025-09-26T06:30:10Z', detail },
    ]
    const findings = await findingsOn({ relay: [failing] })
    expect(findings).toMatchObject([{ cause: 'address-failing', status: 'ongoing' }])
    expect(findings[0]?.title).toContain('one of 2 addresses of upstream.example.org fails')
    expect(
      await findingsOn({
        relay: [failing, [120_000, 'address recovered', { address: '203.0.113.7' }]],
      }),
    ).toMatchObject([{ cause: 'address-failing', status: 'recovered' }])
  })

  it('about its database says why it fails', async () => {
    const findings = await findingsOn({
      relay: [
        [
          595_000,
          'database unavailable',
          { level: 50, detail: 'password authentication failed for user "relay" (28P01)' },
        ],
      ],
    })
    expect(findings).toMatchObject([{ cause: 'database-failing', status: 'ongoing' }])
    expect(findings[0]?.title).toContain('wrong password')
  })
})
