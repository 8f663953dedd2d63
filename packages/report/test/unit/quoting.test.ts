import { styles } from '@warren/runtime/cli'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { renderHtml } from '../../src/render/html/render-html.ts'
import { renderJson } from '../../src/render/json.ts'
import { renderMarkdown } from '../../src/render/markdown.ts'
import { renderText } from '../../src/render/text.ts'
import type { ReportOptions } from '../../src/report.ts'
import { LineQuoter } from '../../src/vocabulary/quotes/line-quoter.ts'
import { logsWithCanary } from '../fixtures/canary-logs.ts'
import { reportOf } from '../fixtures/report-of.ts'
import type { LogFiles } from '../fixtures/report-of.ts'

const quoter = new LineQuoter(['site-a', 'bunny-7d4f', '4711', 'buy now at evil.example'])

/** The report in every format. */
async function pagesOn(files: LogFiles, options: ReportOptions = {}): Promise<string[]> {
  const report = await reportOf(files, options)
  const pages = [renderHtml, renderMarkdown, renderJson].map((render) => render(report))
  return [...pages, renderText(report, styles({ write: () => true }, {}))]
}

describe('a quoted line', () => {
  it.each([
    'DEBUG - 26-Sep-25 07:56:21 - Response Status: 204',
    'DEBUG - 26-Sep-25 07:56:21 - Sending get request to https://relay.example.org/link_connector_api/task/nextjob/‹collection›',
    "ERROR - 26-Sep-25 07:58:00 - Network error occurred: HTTPSConnectionPool(host='relay.example.org', port=443): Read timed out. (read timeout=60)",
    'NameResolutionError("Failed to resolve \'relay.example.org\' ([Errno -2] Name or service not known)")',
    '[07:56:21 INF] Credentials validated for Client: site-a <s:Relay.Auth.Basic.BasicAuthHandler>',
    '[07:56:21 INF] HTTP GET /link_connector_api/task/nextjob/‹collection› responded 204 in 132.4785 ms',
    '[07:56:40 ERR] Task submission failed with 500 Internal Server Error. Retrying in 5 seconds... (1/5)',
    "[07:56:21 INF] Executed DbCommand (1ms) [Parameters=[@__normalizedUserName_0='?'], CommandType='Text', CommandTimeout='30']",
    "2026-11-22 06:52:57.402752+00:00 [info] <0.725.0> connection <0.725.0> (127.0.0.1:60700 -> 127.0.0.1:5672): user 'relay' authenticated and granted access to vhost '/'",
    '2025-09-26 06:56:21.123 UTC [42] FATAL:  sorry, too many clients already',
    '{"level":20,"time":1758868201036,"component":"bunny","hostname":"bunny-7d4f","status":204,"durationMs":183,"polls":{"204":12},"p95Ms":1.5,"msg":"poll answered"}',
  ])('keeps what a known line contains: %s', (line) => {
    expect(quoter.quote(line)).toBe(line)
  })

  it.each([
    ['[07:56:25 WRN] User not found: Jane Smith', '[07:56:25 WRN] User not found: …'],
    ['[07:56:21 ERR] MyApp.PatientException: Smith, 1974-12-06', '[07:56:21 ERR] …'],
    [
      'Npgsql.PostgresException (0x80004005): 22P02: Smith',
      'Npgsql.PostgresException (0x80004005): 22P02: …',
    ],
    [
      'Credentials validated for Client: buy now at evil.example',
      'Credentials validated for Client: … now at …',
    ],
    [
      '[07:56:25 WRN] User not found: see https://evil.example/x',
      '[07:56:25 WRN] User not found: see https://…',
    ],
    ['for Client: 4711', 'for Client: …'],
    ['Task:0b7c0000-0000-4000-8000-00000000000a has reached', 'Task:0b7c… has reached'],
    ['from 203.0.113.7, then 127.0.0.1:5672', 'from … 127.0.0.1:5672'],
    ['943 476 5919 ms', '… ms'],
    ['{"status":"ok","count":160}', '{"status":"ok","count":…}'],
    ['a\u202etxt\u009b31m', 'a…'],
  ])('cuts %s', (line, quoted) => {
    expect(quoter.quote(line)).toBe(quoted)
  })
})

describe('a report', () => {
  it('never shows what an unknown person wrote into any line of any format', async () => {
    await fc.assert(
      fc.asyncProperty(logsWithCanary, async ({ files, canary }) => {
        for (const page of await pagesOn(files)) expect(page).not.toContain(canary)
      }),
      { numRuns: Number(process.env['WARREN_FC_RUNS'] ?? 60) },
    )
  }, 240_000)

  const PATIENT = [
    'no record for Featherstonehaugh, written to featherstonehaugh@example.org',
    'DETAIL:  Key (nhs_number)=(9434765919) already exists.',
    'DETAIL:  Failing row contains (9434765919, Featherstonehaugh, 1974).',
    'invalid input syntax for type integer: "Featherstonehaugh"',
    "SELECT 1 FROM person WHERE person_source_value = 'Featherstonehaugh'",
    'the password is hunter2, pass: hunter2, Passwort: hunter2, session=hunter2, passphrase hunter2',
    'rabbitmqctl change_password relay hunter2 for scott/hunter2@orcl and relay:hunter2@rabbit',
    'sk-hunter2hunter2hunter2 npm_hunter2hunter2hunter2 ya29.hunter2hunter2hunter2',
  ]
  const files = {
    'bunny.log': PATIENT.map(
      (text, second) => `ERROR - 26-Sep-25 07:56:1${second} - ${text}\nOperationalError: ${text}\n`,
    ).join(''),
    'relay.log': PATIENT.map((text, second) => `[07:56:1${second} ERR] ${text}\n ${text}\n`).join(
      '',
    ),
    'other.txt': PATIENT.join('\n'),
  }

  it.each(['known', 'full'] as const)('masks patients and secrets, quotes: %s', async (quotes) => {
    for (const page of await pagesOn(files, { quotes }))
      for (const secret of ['9434765919', 'hunter2', '1974'])
        expect(page.toLowerCase()).not.toContain(secret)
  })

  it('cuts free text unless full quotes are asked for, and says which', async () => {
    for (const page of await pagesOn(files)) expect(page.toLowerCase()).not.toContain('featherston')
    const [page = '', markdown = '', json = ''] = await pagesOn(files, { quotes: 'full' })
    expect(json).toContain('no record for Featherstonehaugh')
    for (const text of [page, markdown])
      expect(text).toContain('Do not pass this report on unread.')
  })
})

it('quotes a line in time in proportion to its length', () => {
  const pieces = [
    'a',
    '1',
    ' ',
    '1 ms ',
    '-1 ',
    'A-b.c@',
    '://a.',
    '0a1b',
    "host='",
    '(1/',
    '{"1',
    'é',
  ]
  for (const piece of pieces) {
    const seconds = (length: number): number => {
      const text = piece.repeat(length / piece.length)
      const before = process.cpuUsage()
      quoter.quote(text)
      return process.cpuUsage(before).user / 1e6
    }
    seconds(20_000)
    // Eight times the text, and time for a garbage collection; quadratic time would be 64 times as much.
    expect(seconds(160_000), piece).toBeLessThan(24 * Math.max(seconds(20_000), 0.05))
  }
})
