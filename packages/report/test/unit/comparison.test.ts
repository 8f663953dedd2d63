import { describe, expect, it } from 'vitest'

import type { Comparison } from '../../src/document/comparison-schema.ts'
import { compareReports } from '../../src/comparison/compare-reports.ts'
import { pairs } from '../../corpus/pairs/pairs.ts'
import { scenarioNamed, logsOf } from '../fixtures/scenario-report.ts'
import { reportOf } from '../fixtures/report-of.ts'
import type { LogFiles } from '../fixtures/report-of.ts'
import { A, clientLog, clock, lines, pollTimes, relayLog, START } from '../fixtures/small-logs.ts'

const EOF_ERROR =
  "Network error occurred: HTTPSConnectionPool(host='relay.example.org', port=443): Max retries exceeded with url: /x (Caused by SSLError(SSLEOFError(8, '[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1010)')))"

/** Polls of which those in `failing` end in the TLS handshake. `day`: days after the start. */
function bunny(times: readonly number[], failing: (at: number) => boolean, day = 0): string {
  return lines(
    ...times.map((at) => {
      const stamp = `${26 + day}-Sep-25 ${clock(START + at * 1000)}`
      const sent = `DEBUG - ${stamp} - Sending get request to https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]`
      return failing(at)
        ? [sent, `ERROR - ${stamp} - ${EOF_ERROR}`]
        : [sent, `DEBUG - ${stamp} - Response Status: 204`]
    }),
  )
}

const later = (text: string): string => text.replaceAll('2025-09-26', '2025-09-27')

async function compare(before: LogFiles, after: LogFiles): Promise<Comparison> {
  return compareReports(await reportOf(before), await reportOf(after), 'against')
}

const TIMES = pollTimes(1, 0, 1200)
const ALL_FAIL = { 'site-a/bunny.log': bunny(TIMES, (at) => at > 300) }

describe('before and after', () => {
  it('proves a failure gone by the polls of that client, with their number, time and log', async () => {
    const { answer, failures } = await compare(ALL_FAIL, {
      'site-a/bunny.log': bunny(TIMES, () => false, 1),
    })
    expect(failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({
      cause: 'tls-failed',
      outcome: 'gone',
      proof: [{ side: 'client', successes: TIMES.length, unit: 'polls' }],
      missing: null,
    })
    expect(failures[0]?.text).toContain(`${TIMES.length} polls on site-a → `)
    expect(answer).toBe('gone')
  })

  it('proves nothing by the polls of another client', async () => {
    const { answer, failures } = await compare(ALL_FAIL, {
      'site-b/bunny.log': bunny(TIMES, () => false, 1),
    })
    expect(failures[0]).toMatchObject({ outcome: 'unknown', proof: [] })
    expect(failures[0]?.missing?.command).toMatch(/^kubectl .*bunny\.log$/)
    expect(answer).toBe('unknown')
  })

  it('proves nothing by polls of another relay', async () => {
    const { failures } = await compare(
      {
        'site-a/bunny.log': bunny(TIMES, (at) => at > 300),
        'relay.log': relayLog({
          client: 'site-a',
          collection: A,
          times: TIMES.filter((at) => at <= 300),
        }),
      },
      {
        'site-a/bunny.log': clientLog(TIMES, 'relay-staging.example.org').replaceAll(
          '26-Sep',
          '27-Sep',
        ),
      },
    )
    const failure = failures.find(({ cause }) => cause === 'tls-failed')
    expect(failure?.outcome).toBe('unknown')
    expect(failure?.missing?.log).toContain('relay')
  })

  it('proves nothing by a client that fell silent soon after', async () => {
    const { failures } = await compare(ALL_FAIL, {
      'site-a/bunny.log': bunny(
        TIMES.filter((at) => at < 200),
        () => false,
        1,
      ),
      'relay.log': later(
        relayLog(
          { client: 'site-a', collection: A, times: TIMES.filter((at) => at < 200) },
          { client: 'site-b', collection: A.replace('3', '4'), times: TIMES },
        ),
      ),
    })
    expect(failures[0]?.outcome).toBe('unknown')
    expect(failures[0]?.text).toContain('last success')
  })

  it('needs as many successes as a rare failure calls for', async () => {
    const rare = { 'site-a/bunny.log': bunny(TIMES, (at) => at === TIMES[20] || at === TIMES[70]) }
    const short = await compare(rare, {
      'site-a/bunny.log': bunny(TIMES.slice(0, 25), () => false, 1),
    })
    expect(short.failures[0]?.outcome).toBe('unknown')
    expect(short.failures[0]?.text).toContain('needed')
    const long = await compare(rare, {
      'site-a/bunny.log': bunny(pollTimes(1, 0, 12_000), () => false, 1),
    })
    expect(long.failures[0]?.outcome).toBe('gone')
  })

  it('does not accept the log of the relay for a failure that only some polls meet', async () => {
    const half = { 'site-a/bunny.log': bunny(TIMES, (at) => TIMES.indexOf(at) % 2 === 1) }
    const { failures } = await compare(half, {
      'relay.log': later(relayLog({ client: 'site-a', collection: A, times: TIMES })),
    })
    expect(failures[0]?.outcome).toBe('unknown')
    expect(failures[0]?.missing?.log).toContain('client')
  })

  it('reports a failure that goes on, one that came back, and one that is new', async () => {
    const on = await compare(ALL_FAIL, { 'site-a/bunny.log': bunny(TIMES, () => true, 1) })
    expect(on.failures[0]).toMatchObject({ outcome: 'still-there', finding: 'F1' })
    const back = await compare(
      { 'site-a/bunny.log': bunny(TIMES, (at) => at > 300 && at < 600) },
      { 'site-a/bunny.log': bunny(TIMES, (at) => at > 600, 1) },
    )
    expect(back.failures[0]).toMatchObject({ outcome: 'came-back', finding: 'F1' })
    const fresh = await compare(
      { 'site-a/bunny.log': bunny(TIMES, () => false) },
      { 'site-a/bunny.log': bunny(TIMES, (at) => at > 600, 1) },
    )
    expect(fresh).toMatchObject({
      answer: 'not-gone',
      failures: [],
      new: [{ finding: 'F1', covered: true }],
    })
    expect(on.answer).toBe('not-gone')
    expect(back.answer).toBe('not-gone')
  })

  it('counts nothing of the later logs that the earlier ones contain', async () => {
    const both = bunny(TIMES, (at) => at > 300) + bunny(pollTimes(1, 0, 12_000), () => false, 1)
    const { failures, caveats } = await compare(ALL_FAIL, { 'site-a/bunny.log': both })
    expect(failures[0]?.outcome).toBe('gone')
    expect(caveats.join(' ')).toContain('begin before the earlier ones end')
  })

  it('shows the polling interval and the latency side by side, changed links first', async () => {
    const slow = pollTimes(1, 0, 1200).filter((_, n) => n % 2 === 0)
    const { links } = await compare(
      { 'site-a/bunny.log': bunny(TIMES, () => false) },
      { 'site-a/bunny.log': bunny(slow, () => false, 1) },
    )
    expect(links[0]).toMatchObject({ side: 'client', changed: ['polling-interval'] })
    expect(links[0]?.after.pollIntervalMs).toBeGreaterThan(links[0]?.before.pollIntervalMs ?? 0)
  })

  it('answers that there is no failure only with evidence', async () => {
    const healthy = logsOf(scenarioNamed('healthy-half-hour'))
    expect((await compare(healthy, healthy)).answer).toBe('no-failures')
    const { answer } = await compare(healthy, { 'empty.log': '' })
    expect(answer).toBe('unknown')
  })
})

describe('the pairs of the corpus', () => {
  it('have different names, and an expected cause each', () => {
    const all = pairs()
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
    expect(all.filter(({ truth }) => truth.causes.length === 0)).toEqual([])
  })
})
