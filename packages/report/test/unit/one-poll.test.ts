import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReportDocument, Transaction } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { factsOf, sourceOf } from '../fixtures/source-of.ts'
import { A, B, clock, lines, ourPolls, ourRequests, ours, START } from '../fixtures/small-logs.ts'

const pollOf = (report: ReportDocument): Transaction => {
  const poll = report.transactions.find(({ kind }) => kind === 'poll')
  if (poll === undefined) throw new Error('the report follows no poll')
  return poll
}
const stepOf = (poll: Transaction, title: RegExp) =>
  poll.steps.find((step) => title.test(step.title))

/** One poll in both logs. Its index is known to the test only. */
interface Poll {
  /** When it is sent, in milliseconds from the start, by the true clock. */
  readonly at: number
  /** Duration in the relay. */
  readonly ms: number
  readonly status: 200 | 204
  readonly writtenBy: 'both' | 'client' | 'relay'
}

/** The line number identifies a poll in the client's log; the last digits of the duration identify it in the relay's. */
function twoSides(
  polls: readonly Poll[],
  skewMs: number,
): { client: string; relay: string; order: number[] } {
  const order: number[] = []
  const client = polls.flatMap(({ at, ms, status, writtenBy }, n) => {
    if (writtenBy === 'relay') return []
    order.push(n)
    const stamp = (time: number): string => `26-Sep-25 ${clock(START + time + skewMs)}`
    return [
      `DEBUG - ${stamp(at)} - Sending get request to https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]`,
      `DEBUG - ${stamp(at + ms + 60)} - Response Status: ${status}`,
    ]
  })
  const relay = polls
    .map((poll, n) => ({ ...poll, n, end: poll.at + 30 + poll.ms }))
    .filter(({ writtenBy }) => writtenBy !== 'client')
    .toSorted((a, b) => a.end - b.end)
    .flatMap(({ end, ms, status, n }) => [
      `[2025-09-26T${clock(START + end)}Z INF] Credentials validated for Client: site-a`,
      `[2025-09-26T${clock(START + end)}Z INF] HTTP GET /link_connector_api/task/nextjob/${A} responded ${status} in ${ms}.${String(n).padStart(4, '0')} ms`,
    ])
  return { client: lines(client), relay: lines(relay), order }
}

const polls = fc
  .array(
    fc.record({
      pause: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 4_000, max: 13_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 200, max: 2_500 }) },
      ),
      ms: fc.integer({ min: 3, max: 900 }),
      status: fc.constantFrom<200 | 204>(204, 204, 204, 200),
      lost: fc.integer({ min: 0, max: 6 }).map((n) => n === 0),
    }),
    { minLength: 25, maxLength: 60 },
  )
  .map((all) => {
    let at = 0
    return all.map(({ pause, lost, ...poll }): Poll & { lost: boolean } => ({
      ...poll,
      lost,
      writtenBy: 'both',
      at: (at += pause + poll.ms),
    }))
  })

const skews = fc.integer({ min: -4_000, max: 4_000 })
const sides = fc.constantFrom<'client' | 'relay'>('client', 'relay')

describe('one poll, step by step', () => {
  it('never joins lines of two polls, whatever lines are missing and however clocks differ', async () => {
    await fc.assert(
      fc.asyncProperty(polls, skews, sides, async (sent, skewMs, side) => {
        const all = sent.map((one): Poll => ({ ...one, writtenBy: one.lost ? side : 'both' }))
        const { client, relay, order } = twoSides(all, skewMs)
        const poll = pollOf(await reportOf({ 'site-a/bunny.log': client, 'hub/relay.log': relay }))
        const [asked, answered, read] = [
          /asks for/,
          /the relay responds with/,
          /reads the response/,
        ].map((title) => stepOf(poll, title))
        if (asked?.evidence == null || answered?.evidence == null || poll.confidence === 'possible')
          return
        const byClient = order[Math.floor((asked.evidence.line - 1) / 2)]
        const byRelay = Number(/\.(\d{4}) ms/.exec(answered.evidence.text)?.[1])
        expect(byClient).toBe(byRelay)
        expect(read?.evidence?.line).toBe(asked.evidence.line + 1)
      }),
      { numRuns: 60 },
    )
  })

  it('shows a poll from both sides if one can be matched', async () => {
    const all = Array.from({ length: 40 }, (_, n): Poll => ({
      at: n * 9_000 + ((n * n * 700) % 5_000),
      ms: 130,
      status: 204,
      writtenBy: 'both',
    }))
    const { client, relay } = twoSides(all, 1_700)
    const poll = pollOf(await reportOf({ 'site-a/bunny.log': client, 'hub/relay.log': relay }))
    expect(poll).toMatchObject({ matchedBy: 'time', confidence: 'likely' })
    expect(poll.text).toContain('No other poll of site-a matches.')
    expect(stepOf(poll, /asks for/)?.evidence).not.toBeNull()
    expect(stepOf(poll, /the relay responds with/)?.evidence).not.toBeNull()
  })

  it('shows one side, and states it, if polls are too close to be matched', async () => {
    const all = Array.from({ length: 200 }, (_, n): Poll => ({
      at: n * 1_100 + ((n * n * 13) % 400),
      ms: 40,
      status: 204,
      writtenBy: 'both',
    }))
    const { client, relay } = twoSides(all, 0)
    const poll = pollOf(await reportOf({ 'site-a/bunny.log': client, 'hub/relay.log': relay }))
    expect(poll.matchedBy).toBe('one-source')
    expect(poll.complete).toBe(false)
    expect(poll.text).toContain('Only the relay side is shown.')
    expect(stepOf(poll, /asks for/)?.missing).toMatch(
      /^no poll in the log of site-a can be matched to this one|do not match those in the relay log/,
    )
  })

  it('is complete for the programs of Warren: an empty poll needs neither database nor broker', async () => {
    const poll = pollOf(
      await reportOf({
        'bunny-north.log': ours('bunny', 'vm', ourPolls('a')),
        'relay.log': ours('relay', 'vm', [
          [0, 'relay started', { version: '0.1.0', queue: 'database', store: 'sqlite' }],
          ...ourRequests('north', A, 'a').flatMap((request): (typeof request)[] => [
            [
              request[0] - 2,
              'credentials validated',
              { user: 'north', requestId: request[2].requestId },
            ],
            request,
          ]),
        ]),
      }),
    )
    expect(poll).toMatchObject({ matchedBy: 'request-id', confidence: 'certain', complete: true })
    expect(poll.steps.map(({ leg }) => leg)).toEqual([
      'client',
      'relay',
      'relay',
      'relay',
      'client',
    ])
    expect(stepOf(poll, /checks the queue/)?.missing).toContain('in memory')
    expect(poll.text).not.toContain('no line in any source')
  })

  it('assigns logins and statements in the relay log only if no other request was in progress', async () => {
    const stamp = (second: number): string => `2025-09-26T06:30:${String(second).padStart(2, '0')}Z`
    const statement = (second: number, parameter: string): string =>
      `[${stamp(second)} INF] Executed DbCommand (1ms) [Parameters=[@${parameter}='?'], CommandType='Text', CommandTimeout='30']`
    const login = (second: number, name: string): string =>
      `[${stamp(second)} INF] Credentials validated for Client: ${name}`
    const answer = (second: number, collection: string, ms: number): string =>
      `[${stamp(second)} INF] HTTP GET /link_connector_api/task/nextjob/${collection} responded 204 in ${ms} ms`
    const alone = [
      statement(1, 'name'),
      statement(1, 'id'),
      login(1, 'site-a'),
      answer(1, A, 90),
      statement(3, 'name'),
      login(3, 'site-b'),
      answer(3, B, 90),
    ]
    // A held poll of site-a ends during the lookup for site-b; then two logins precede one response.
    const mixed = [
      login(4, 'site-b'),
      answer(4, A, 25_000),
      statement(5, 'name'),
      login(5, 'site-a'),
      statement(5, 'name'),
      login(5, 'site-b'),
      answer(5, A, 90),
      answer(5, B, 90),
    ]
    const kept = factsOf(sourceOf(...alone, ...mixed), 'relay').sample.exchanges
    const own = ['statement', 'statement', 'credentials', 'responded']
    expect(kept.map((exchange) => exchange.lines.map(({ step }) => step))).toEqual([
      own,
      own.slice(1),
      ['responded'],
      ['responded'],
      ['responded'],
    ])
  })

  it('shows the duration at the resolution of the log', async () => {
    const { client } = twoSides(
      Array.from({ length: 20 }, (_, n): Poll => ({
        at: n * 9_300,
        ms: 40,
        status: 204,
        writtenBy: 'both',
      })),
      0,
    )
    const poll = pollOf(await reportOf({ 'bunny.log': client }))
    expect(poll.text).toContain('1 s or less, because the timestamps have whole seconds')
    expect(poll.totalMs).toBeNull()
  })
})
