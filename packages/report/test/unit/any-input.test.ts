import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { reportDocumentSchema } from '../../src/document/report-document.ts'
import { createReport } from '../../src/report.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'warren-any-input-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const runs = { numRuns: Number(process.env['WARREN_FC_RUNS'] ?? 150) }

async function reportOn(bytes: Uint8Array, chunkBytes?: number): Promise<string> {
  const path = join(folder, 'some.log')
  writeFileSync(path, bytes)
  const document = await createReport(
    [{ path, labels: {} }],
    chunkBytes === undefined ? {} : { chunkBytes },
  )
  reportDocumentSchema.parse(document)
  return JSON.stringify(document)
}

const SECRET = 'Zx9-s3cret-Qw7'
const BASIC = Buffer.from(`site-a:${SECRET}`).toString('base64')
const COLLECTION = '6f1e2c1e-5a0b-4a43-9a53-0d1b0c2f7a11'

/** Lines of every format, some with a secret in a likely place. */
const realLine = fc.constantFrom(
  `DEBUG - 26-Sep-25 07:56:21 - Sending get request to https://site-a:${SECRET}@relay.example.org/link_connector_api/task/nextjob/${COLLECTION}`,
  'DEBUG - 26-Sep-25 07:56:21 - Response Status: 204',
  `ERROR - 26-Sep-25 07:58:00 - Network error occurred: 401 Client Error: Unauthorized for url: https://relay.example.org/link_connector_api/task/nextjob/${COLLECTION}`,
  `[07:56:21 INF] HTTP GET /link_connector_api/task/nextjob/${COLLECTION} responded 204 in 132.4785 ms`,
  '[07:56:21 INF] Credentials validated for Client: site-a',
  `[07:56:22 ERR] Failed to decode Authorization: Basic ${BASIC}`,
  `[07:56:25 WRN] collectionId '${COLLECTION}' is not valid for clientId 'site-b'.`,
  `2026-11-22 06:52:57.352983+00:00 [error] <0.725.0> connecting to amqp://relay:${SECRET}@broker:5672 failed`,
  `{"level":50,"time":1795341678783,"component":"bunny","msg":"poll failed","password":"${SECRET}","detail":"Basic ${BASIC}"}`,
  `203.0.113.7 - - [05/Jan/2026:06:00:00 +0000] "GET /link_connector_api/task/nextjob/${COLLECTION} HTTP/1.1" 401 0 "-" "curl"`,
  `[pod/relay-0/relay] 2025-09-26T06:56:21.123456789Z [07:56:25 WRN] password=${SECRET} was refused`,
)
const noise = fc.oneof(
  fc.string({ maxLength: 120 }),
  fc.constant(''),
  fc.constant('x'.repeat(9000)),
  fc.constant('\u0000\uFFFD'),
)
const log = fc
  .array(fc.oneof({ weight: 4, arbitrary: realLine }, { weight: 1, arbitrary: noise }), {
    maxLength: 40,
  })
  .map((lines) => Buffer.from(lines.join('\n')))

describe('any file content', () => {
  it('gives a report that is valid according to its schema', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        await reportOn(bytes)
      }),
      runs,
    )
  }, 60_000)

  it('gives the same report again, however the file is split into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.integer({ min: 1, max: 200 }), async (bytes, chunkBytes) => {
        const whole = await reportOn(bytes)
        expect(await reportOn(bytes)).toBe(whole)
        expect(await reportOn(bytes, chunkBytes)).toBe(whole)
      }),
      runs,
    )
  }, 120_000)

  it('never reveals a credential or a collection ID', async () => {
    await fc.assert(
      fc.asyncProperty(log, async (bytes) => {
        const document = await reportOn(bytes)
        expect(document).not.toContain(SECRET)
        expect(document).not.toContain(BASIC)
        expect(document).not.toContain(COLLECTION)
      }),
      runs,
    )
  }, 60_000)
})
