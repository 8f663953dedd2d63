import { bunnyTextCatalogue } from '@warren/bunny'
import { relayLogText } from '@warren/relay'
import { bunnyText, relayText } from '@warren/runtime'
import type { LogRecord } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import type { ReportDocument } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'

const START = Date.UTC(2026, 0, 12, 9)
const COLLECTION = '6f1e9c1a-5a0b-4a43-9a53-0d1b0c2f7a11'
const TASK = '0b7c2d3e-1111-4222-8333-444455556666'

type Fields = Readonly<Record<string, unknown>>

function record(component: string, seconds: number, level: number, msg: string, fields: Fields) {
  return { level, time: START + seconds * 1_000, component, hostname: 'pod-0', msg, ...fields }
}

/** Ten minutes of a relay and one client, with one extra line of the relay in the middle. */
function relayRecords(level: number, msg: string, fields: Fields): LogRecord[] {
  const polls = Array.from({ length: 60 }, (_, n) => [
    record('relay', n * 10, 20, 'credentials validated', { user: 'site-a', requestId: `r${n}` }),
    record('relay', n * 10, 30, 'request completed', {
      method: 'GET',
      path: `/link_connector_api/task/nextjob/${COLLECTION}`,
      status: 204,
      durationMs: 3.5,
      user: 'site-a',
      node: COLLECTION,
      requestId: `r${n}`,
    }),
  ])
  return [...polls.flat(), record('relay', 305, level, msg, fields)].toSorted(byTime)
}

function bunnyRecords(level: number, msg: string, fields: Fields): LogRecord[] {
  const polls = Array.from({ length: 60 }, (_, n) => [
    record('bunny', n * 10, 20, 'poll sent', {
      url: 'https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]',
      requestId: `r${n}`,
    }),
    record('bunny', n * 10, 20, 'poll answered', {
      status: 204,
      durationMs: 12,
      requestId: `r${n}`,
    }),
  ])
  return [...polls.flat(), record('bunny', 305, level, msg, fields)].toSorted(byTime)
}

function byTime(a: LogRecord, b: LogRecord): number {
  return a.time - b.time
}

const asJson = (records: readonly LogRecord[]): string =>
  records.map((one) => `${JSON.stringify(one)}\n`).join('')

const asText = (records: readonly LogRecord[], style: typeof relay): string =>
  records.flatMap((one) => style(one, 'debug').map((line) => `${line}\n`)).join('')

const relay = relayText(relayLogText)
const bunny = bunnyText(bunnyTextCatalogue)

const summaries = ({ findings }: ReportDocument): string[] =>
  findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ cause, status, party }) => `${cause} ${status} ${party}`)

describe('the programs of Warren in the text formats of the existing programs', () => {
  it.each([
    [50, 'queue unavailable', { detail: 'a channel was closed', retryInMs: 5_000 }],
    [50, 'queue unavailable', { detail: 'connect ECONNREFUSED 10.0.0.7:5672', retryInMs: 5_000 }],
    [50, 'database unavailable', { detail: 'the database system is starting up' }],
    [
      50,
      'upstream poll failed',
      { upstream: 'national', type: 'a', status: 503, retryInMs: 5_000 },
    ],
    [
      40,
      'upstream polls still failing',
      { upstream: 'national', type: 'a', status: 503, failures: 20, since: '2026-01-12T08:55:00Z' },
    ],
    [50, 'submission failed', { taskId: TASK, status: 500, attempt: 1, retryInMs: 5_000 }],
    [50, 'submission abandoned', { taskId: TASK, status: 500, reason: 'the upstream forgot it' }],
    [30, 'result stored', { taskId: TASK, subtaskId: TASK, node: COLLECTION, status: 'error' }],
    [40, 'duplicate workers on node', { user: 'site-a', node: COLLECTION, periodMs: 9_000 }],
    [40, 'result late', { taskId: TASK, subtaskId: TASK, node: COLLECTION }],
    [40, 'result rejected', { taskId: TASK, node: COLLECTION, reason: 'not an answer' }],
  ])('relay, %i %s %o', async (level, msg, fields) => {
    const records = relayRecords(level, msg, fields)
    const json = await reportOf({ 'relay.log': asJson(records) })
    const text = await reportOf({ 'relay.log': asText(records, relay) })
    expect(summaries(json)).not.toEqual([])
    expect(summaries(text)).toEqual(summaries(json))
  })

  it('identifies the program if a line shows it', async () => {
    const records = relayRecords(30, 'relay started', { version: '1.2.3', queue: 'database' })
    const report = await reportOf({ 'relay.log': asText(records, relay) })
    expect(report.components.find(({ role }) => role === 'relay')).toMatchObject({
      program: 'Warren relay',
      version: '1.2.3',
    })
    expect(report.links.map(({ kind }) => kind)).not.toContain('broker')
  })

  it.each([
    [40, 'database retry', { attempt: 1, retryInMs: 1_000, detail: 'connect ECONNREFUSED' }],
    [40, 'result rejected', { taskId: TASK, status: 409 }],
    [40, 'result rejected', { taskId: TASK, status: 422 }],
    [50, 'task not answerable', { taskId: TASK, cause: 'unexpected', reason: 'syntax error' }],
    [50, 'task not answerable', { taskId: TASK, cause: 'unsupported', reason: 'no such rule' }],
  ])('bunny, %i %s %o', async (level, msg, fields) => {
    const records = bunnyRecords(level, msg, fields)
    const json = await reportOf({ 'bunny.log': asJson(records) })
    const text = await reportOf({ 'bunny.log': asText(records, bunny) })
    expect(summaries(json)).not.toEqual([])
    expect(summaries(text)).toEqual(summaries(json))
  })

  it('the upstream is not a client, although its text format is the same', async () => {
    const upstream = ['task queued', 'task leased', 'result received'].map((msg, n) =>
      record('upstream', n, 30, msg, { taskId: TASK, collection: COLLECTION }),
    )
    const report = await reportOf({ 'upstream.log': asText(upstream, bunnyText({})) })
    expect(report.sources.map(({ role }) => role)).toEqual(['upstream'])
    expect(report.links.filter(({ kind }) => kind === 'poll')).toEqual([])
  })

  it.each([
    ['JSON', asJson],
    ['text', (records: readonly LogRecord[]) => asText(records, bunny)],
  ])('the database of a client has recovered when a task is solved: %s', async (_, write) => {
    const task = (seconds: number, status: string, failure: LogRecord[]): LogRecord[] => [
      record('bunny', seconds, 30, 'task received', { taskId: TASK, kind: 'availability' }),
      ...failure,
      record('bunny', seconds + 3, 30, 'task solved', {
        taskId: TASK,
        status,
        kind: 'availability',
      }),
      record('bunny', seconds + 3.1, 30, 'result submitted', { taskId: TASK, status: 200 }),
    ]
    const failed = (seconds: number): LogRecord[] => [
      record('bunny', seconds + 1, 40, 'database retry', { taskId: TASK, attempt: 1 }),
      record('bunny', seconds + 2, 50, 'task not answerable', {
        taskId: TASK,
        cause: 'database',
        reason: 'the database cannot be reached',
      }),
    ]
    const records = [...task(60, 'error', failed(60)), ...task(200, 'error', failed(200))]
    const down = await reportOf({ 'bunny.log': write(records) })
    expect(summaries(down)).toEqual(['cdm-failing ongoing site'])
    const again = await reportOf({ 'bunny.log': write([...records, ...task(400, 'ok', [])]) })
    expect(summaries(again)).toEqual(['cdm-failing recovered site'])
  })

  it('does not recognise other messages', async () => {
    const records = relayRecords(50, 'something else entirely', { detail: 'queue unavailable' })
    const text = asText(records, relay).replaceAll(' <s:relay>', ' <s:Other.Source>')
    const report = await reportOf({ 'relay.log': text })
    expect(summaries(report)).toEqual(['unexplained-errors observed hub'])
    expect(report.components.find(({ role }) => role === 'relay')?.program).toBe('.NET relay')
  })
})
