import { describe, expect, it } from 'vitest'
import { reportOf } from '../fixtures/report-of.ts'
import { dotnetRelay, plain, pollsEvery, pythonBunny, rabbitChurn } from '../fixtures/wild-lines.ts'
import {
  LENGTH,
  mercyTimes,
  olaf,
  olafAtRelay,
  olafTimes,
  OLAF,
  relayItself,
} from '../fixtures/wild-network.ts'

const THIRD = '9e33aa01-77b2-4b1d-8e4c-51a2bc9f3333'
const dependencies = { 'rabbit.log': plain(rabbitChurn([...olafTimes, ...mercyTimes])) }

/** A relay that st-olaf polls, and another site at the same times as a bunny whose log names this address. */
async function reportOn(base: string) {
  const third = dotnetRelay({ user: 'third', collection: THIRD, times: mercyTimes })
  return reportOf({
    ...dependencies,
    'st-olaf.log': plain(olaf),
    'mercy.log': plain(pythonBunny({ times: mercyTimes, base })),
    'hub.log': plain(relayItself, olafAtRelay, third),
  })
}

describe('a bunny that polls another relay than the one whose log is here', () => {
  it.each([
    ['host', 'https://relay-staging.example.org/link_connector_api'],
    ['port', 'https://hub.example.org:8443/link_connector_api'],
    ['path', 'https://hub.example.org/test/link_connector_api'],
  ])('is not given the polls of another client at the same times: another %s', async (_, base) => {
    const report = await reportOn(base)
    expect(report.findings).toContainEqual(
      expect.objectContaining({ cause: 'other-relay', title: 'mercy: polls another relay' }),
    )
    expect(report.verdict).toBe('degraded')
    expect(report.findings.map(({ cause }) => cause)).not.toContain('clock-skew')
  })

  it.each(['https://hub.example.org:443/link_connector_api', 'http://hub.example.org'])(
    'is not said of the same relay: %s',
    async (base) => {
      const report = await reportOn(base)
      expect(report.findings.map(({ cause }) => cause)).not.toContain('other-relay')
    },
  )

  it('is known from the requests that a load balancer forwards', async () => {
    const forwarded = olafTimes.map((at) => {
      const stamp = new Date(Date.UTC(2025, 9, 14, 8, 2, 11) + at * 1_000).toISOString()
      return `https ${stamp} app/hub/50dc 203.0.113.10:41576 10.0.2.15:8080 0.000 0.031 0.000 204 204 412 188 "GET https://hub.example.org:443/link_connector_api/task/nextjob/${OLAF} HTTP/1.1" "python-requests/2.32" - - arn "Root=1" "hub.example.org" "-"\n`
    })
    const report = await reportOf({
      ...dependencies,
      'alb.log': forwarded.join(''),
      'bunny.log': plain(
        pythonBunny({ times: olafTimes, base: 'https://relay-staging.example.org' }),
      ),
      'hub.log': plain(relayItself, olafAtRelay),
    })
    expect(report.findings.map(({ cause }) => cause)).toContain('other-relay')
  })
})

describe('polls at the same strict interval', () => {
  it.each([
    ['one client', 1],
    ['two clients', 2],
  ])(
    'prove nothing, and no clock skew, if they are shifted against each other: %s',
    async (_, clients) => {
      const shifted = pollsEvery(10, 7, LENGTH)
      const others = [
        dotnetRelay({ user: 'one', collection: OLAF, times: shifted }),
        dotnetRelay({ user: 'two', collection: THIRD, times: shifted.map((at) => at - 1) }),
      ]
      const report = await reportOf({
        'bunny.log': plain(pythonBunny({ times: olafTimes })),
        'hub.log': plain(relayItself, ...others.slice(0, clients)),
        'rabbit.log': plain(rabbitChurn(shifted)),
      })
      expect(report.verdict).toBe('unknown')
      expect(report.findings.map(({ cause }) => cause)).not.toContain('clock-skew')
    },
  )
})
