import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Masker } from '../../src/document/masking.ts'

const COLLECTION = '6f1e9c1a-5a0b-4a43-9a53-0d1b0c2f7a11'
const mask = (text: string, known: string[] = []): string => new Masker(known).text(text)

describe('masking', () => {
  it.each([
    [`HTTP GET /link_connector_api/task/nextjob/${COLLECTION} responded 204`, COLLECTION],
    [`GET https://h:443/api/v1/task/nextjob/RQ-CC-123.a HTTP/1.1`, 'RQ-CC-123'],
    [`Failed to post to task/result/0b7c/${COLLECTION} at 1758869940.1.`, COLLECTION],
    [`collectionId '${COLLECTION}' is not valid for clientId 'site-b'.`, COLLECTION],
    [`{"collection":"RQ-CC-9","taskId":"t"}`, 'RQ-CC-9'],
    [`COLLECTION_ID=RQ-CC-42`, 'RQ-CC-42'],
    ['Authorization: Basic c2l0ZS1hOnBhc3N3b3Jk', 'c2l0ZS1hOnBhc3N3b3Jk'],
    ["{'Authorization': 'Bearer abc.def.ghi'}", 'abc.def.ghi'],
    ['could not decode c2l0ZS1hOnBhc3N3b3Jk', 'c2l0ZS1hOnBhc3N3b3Jk'],
    ['amqp://relay:hunter2@rabbit:5672/', 'hunter2'],
    ['postgres://relay:p%40ss@db/relay', 'p%40ss'],
    ['Host=db;Username=relay;Password=hunter2;Database=x', 'hunter2'],
    ['TASK_API_PASSWORD: "hunter two"', 'hunter two'],
    ['{"password":"hunter2","user":"x"}', 'hunter2'],
    ['token=abc123def', 'abc123def'],
    ['X-Amz-Signature=deadbeef', 'deadbeef'],
    ['Set-Cookie: session=abcdef', 'abcdef'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 'eyJhbGciOiJIUzI1NiJ9'],
    ['-----BEGIN PRIVATE KEY----- MIIEvQIBADANBg', 'MIIEvQIBADANBg'],
    ["[Parameters=[@p0='42', @__name='Smith']", 'Smith'],
  ])('%s', (text, secret) => {
    expect(mask(text)).not.toContain(secret)
  })

  it('leaves alone what a reader needs', () => {
    for (const text of [
      '[07:56:25 WRN] Invalid password for client: site-b',
      "PLAIN login refused: user 'relay' - invalid credentials",
      '[07:56:22 INF] Basic was not authenticated. Failure message: Missing Authorization Header',
      '[07:56:30 INF] Task retrieved: (AvailabilityJob) 0b7c0000-0000-4000-8000-00000000000a',
      'INFO - 26-Sep-25 07:57:01 - Task received. Resolving...',
      'HTTP GET /healthz responded 200 in 3.1201 ms',
    ]) {
      expect(mask(text)).toBe(text)
    }
  })

  it('masks a collection that was met elsewhere wherever it stands, in any case, also cut off', () => {
    const masker = new Masker([COLLECTION])
    expect(masker.text(`queue ${COLLECTION.toUpperCase()} declared`)).toBe(
      'queue ‹collection› declared',
    )
    expect(masker.text(`queue ${COLLECTION.slice(0, 20)}…`)).toBe('queue ‹collection›…')
  })

  it('lets no password through, whatever it is made of', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9!$%*+./_-]{6,24}$/)
    fc.assert(
      fc.property(secret, (password) => {
        const basic = Buffer.from(`site-a:${password}`).toString('base64')
        for (const text of [
          `Authorization: Basic ${basic}`,
          `header was ${basic}`,
          `"password": "${password}"`,
          `PASSWORD=${password}`,
          `https://site-a:${password}@relay.example.org/x`,
        ]) {
          const masked = mask(text)
          expect(masked).not.toContain(basic)
          // A password of ordinary letters may be part of the words around it.
          expect(
            masked.replaceAll(/password|https|relay|example|secret|header|site-a/gi, ''),
          ).not.toContain(password)
        }
      }),
    )
  })
})
