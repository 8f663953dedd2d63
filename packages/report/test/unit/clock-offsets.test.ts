import { describe, expect, it } from 'vitest'
import { reportOf } from '../fixtures/report-of.ts'

const COLLECTION = '6f1e9c1a-5a0b-4a43-9a53-0d1b0c2f7a11'
const START = Date.UTC(2025, 8, 26, 6, 30)
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** When polls are answered: irregular, as in reality. */
const POLLS = Array.from({ length: 80 }, (_, n) => START + n * 10_000 + ((n * n * 37) % 2_900))

function bunny(zoneMinutes: number, skewMs: number, stamped = false): string {
  return POLLS.map((poll) => {
    const at = new Date(poll + skewMs + zoneMinutes * 60_000)
    const two = (n: number): string => String(n).padStart(2, '0')
    const stamp = `${two(at.getUTCDate())}-${MONTHS[at.getUTCMonth()] ?? ''}-${two(at.getUTCFullYear() % 100)} ${at.toISOString().slice(11, 19)}`
    const before = stamped
      ? `${new Date(poll + skewMs).toISOString().replace('Z', '000000Z')} `
      : ''
    return [
      `${before}DEBUG - ${stamp} - Sending get request to https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]`,
      `${before}DEBUG - ${stamp} - Response Status: 204`,
    ]
      .map((line) => `${line}\n`)
      .join('')
  }).join('')
}

function relay(stamped: boolean, zoneMinutes = 0): string {
  return POLLS.map((poll) => {
    const time = new Date(poll - 20 + zoneMinutes * 60_000).toISOString().slice(11, 19)
    const before = stamped ? `${new Date(poll - 20).toISOString().replace('Z', '000000Z')} ` : ''
    return [
      `${before}[${time} INF] Credentials validated for Client: site-a\n`,
      `${before}[${time} INF] HTTP GET /link_connector_api/task/nextjob/${COLLECTION} responded 204 in 130.1 ms\n`,
    ].join('')
  }).join('')
}

const sourceOf = (report: Awaited<ReturnType<typeof reportOf>>, file: string) =>
  report.sources.find((source) => source.file === file)

describe('clock offsets', () => {
  it('finds the time zone of a client by its polls', async () => {
    const report = await reportOf({ 'bunny.log': bunny(60, 0), 'relay.log': relay(true) })
    expect(sourceOf(report, 'bunny.log')).toMatchObject({
      first: new Date(START).toISOString(),
      placement: { method: 'matched', offsetMinutes: 60, confidence: 'likely' },
    })
  })

  it('finds date and time zone of a relay that logs neither', async () => {
    const report = await reportOf({
      'bunny.log': bunny(0, 0, true),
      'relay.log': relay(false, 120),
    })
    expect(sourceOf(report, 'relay.log')?.placement).toMatchObject({
      method: 'matched',
      offsetMinutes: 120,
    })
    expect(report.timeRange.from?.slice(0, 16)).toBe('2025-09-26T06:29')
  })

  it('assigns a log of weeks without dates to the days of the other logs if every day looks the same', async () => {
    const polls = Array.from({ length: 12 * 864 }, (_, n) => START + 7_000 + n * 100_000)
    const stamp = (time: number): string => new Date(time).toISOString().replace('Z', '000000Z')
    const client = polls.map(
      (poll) =>
        `${stamp(poll)} DEBUG - 26-Sep-25 06:30:00 - Sending get request to https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]\n` +
        `${stamp(poll)} DEBUG - 26-Sep-25 06:30:00 - Response Status: 204\n`,
    )
    const relay = polls.map((poll) => {
      const time = new Date(poll - 20).toISOString().slice(11, 19)
      return (
        `[${time} INF] Credentials validated for Client: site-a\n` +
        `[${time} INF] HTTP GET /link_connector_api/task/nextjob/${COLLECTION} responded 204 in 130.1 ms\n`
      )
    })
    const report = await reportOf({ 'bunny.log': client.join(''), 'relay.log': relay.join('') })
    expect(sourceOf(report, 'relay.log')).toMatchObject({
      first: '2025-09-26T06:30:06.000Z',
      placement: { method: 'matched', offsetMinutes: 0 },
    })
  })

  it('reports that UTC is assumed without other evidence, and that the date is unknown', async () => {
    const [client, fromRelay] = [
      await reportOf({ 'bunny.log': bunny(0, 0) }),
      await reportOf({ 'relay.log': relay(false) }),
    ]
    expect(client.sources[0]?.placement).toMatchObject({
      method: 'assumed',
      confidence: 'possible',
    })
    expect(client.caveats.map(({ kind }) => kind)).toContain('clock')
    expect(fromRelay.timeRange.dateKnown).toBe(false)
    expect(fromRelay.caveats.map(({ kind }) => kind)).toContain('date')
  })

  it('uses time zone and date from the options', async () => {
    const report = await reportOf(
      { 'relay.log': relay(false, 60) },
      { tz: 'Europe/London', date: Date.UTC(2025, 8, 26) },
    )
    expect(report.sources[0]).toMatchObject({
      placement: { method: 'option', offsetMinutes: 60, confidence: 'certain' },
    })
    expect(report.timeRange).toMatchObject({ dateKnown: true, from: '2025-09-26T06:29:59.000Z' })
  })

  it.each([
    ['agrees', 0],
    ['is ahead', 1_700],
    ['is behind', -2_300],
  ])('measures how far a clock is off: %s', async (_, skew) => {
    const report = await reportOf({ 'bunny.log': bunny(0, skew, true), 'relay.log': relay(true) })
    const [clock] = report.clocks
    // The response reaches the client 20 ms after the relay has logged it.
    expect(Math.abs((clock?.skewMs ?? Number.NaN) - skew - 20)).toBeLessThanOrEqual(
      clock?.uncertaintyMs ?? 0,
    )
    expect(clock?.matched).toBe(80)
  })

  it('reports a clock that is a minute off, and still matches the polls', async () => {
    const report = await reportOf({ 'bunny.log': bunny(0, 61_000, true), 'relay.log': relay(true) })
    expect(report.findings.find(({ cause }) => cause === 'clock-skew')).toMatchObject({
      severity: 'warning',
      party: 'site',
    })
    expect(report.links[0]?.views.map(({ side }) => side)).toEqual(['client', 'relay'])
  })

  it('reads only the requested time range, even if the time zone must be found first', async () => {
    const since = START + 200_000
    const until = START + 600_000
    const report = await reportOf(
      { 'bunny.log': bunny(60, 0), 'relay.log': relay(true) },
      { since, until },
    )
    for (const source of report.sources) {
      expect(Date.parse(source.first ?? '')).toBeGreaterThanOrEqual(since)
      expect(Date.parse(source.last ?? '')).toBeLessThanOrEqual(until)
      expect(source.outside).toBeGreaterThan(0)
    }
  })

  it('ignores a single damaged time', async () => {
    const damaged = bunny(0, 0).replace('26-Sep-25 06:33', '26-Sep-95 06:33')
    const report = await reportOf({ 'bunny.log': damaged })
    expect(report.timeRange.to?.slice(0, 4)).toBe('2025')
  })

  it.each([
    ['Berlin in March', Date.UTC(2025, 2, 30, 0, 20), 60, 120],
    ['London in March', Date.UTC(2025, 2, 30, 0, 20), 0, 60],
    ['Berlin in October', Date.UTC(2025, 9, 26, 0, 20), 120, 60],
    ['New York in November', Date.UTC(2025, 10, 2, 5, 20), -240, -300],
  ])(
    'does not report a change to summer or winter time as a gap: %s',
    async (_, start, before, after) => {
      const change = start + 40 * 60_000
      const lines = Array.from({ length: 480 }, (_, n) => {
        const utc = start + n * 10_000
        const at = new Date(utc + (utc < change ? before : after) * 60_000)
        const stamp = `${at.toISOString().slice(8, 10)}-${MONTHS[at.getUTCMonth()] ?? ''}-25 ${at.toISOString().slice(11, 19)}`
        return (
          `DEBUG - ${stamp} - Sending get request to https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]\n` +
          `DEBUG - ${stamp} - Response Status: 204\n`
        )
      })
      const report = await reportOf({ 'bunny.log': lines.join('') }, { tz: offset(before) })
      expect(sourceOf(report, 'bunny.log')).toMatchObject({
        first: new Date(start).toISOString(),
        last: new Date(start + 479 * 10_000).toISOString(),
      })
      expect(sourceOf(report, 'bunny.log')?.placement.text).toContain('Its clock changed to')
      expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([])
    },
  )

  it('reports an hour without a line on any other night as a gap', async () => {
    const lines = [0, 1].map((half) =>
      POLLS.map((poll) => {
        const at = new Date(
          poll - START + Date.UTC(2025, 5, 1, 1, 46) + half * (3_600_000 + 800_000),
        )
        const stamp = `01-Jun-25 ${at.toISOString().slice(11, 19)}`
        return `DEBUG - ${stamp} - Sending get request to https://r/task/nextjob/[REDACTED]\nDEBUG - ${stamp} - Response Status: 204\n`
      }).join(''),
    )
    const report = await reportOf({ 'bunny.log': lines.join('') }, { tz: 'UTC' })
    expect(report.findings.map(({ cause }) => cause)).toContain('interrupted')
  })
})

function offset(minutes: number): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
}
