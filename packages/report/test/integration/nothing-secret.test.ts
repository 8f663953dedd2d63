import { styles } from '@warren/runtime/cli'
import { expect, it } from 'vitest'
import { renderHtml } from '../../src/render/html/render-html.ts'
import { renderJson } from '../../src/render/json.ts'
import { renderMarkdown } from '../../src/render/markdown.ts'
import { renderText } from '../../src/render/text.ts'
import { reportOf } from '../fixtures/report-of.ts'

const COLLECTION = '6f1e9c1a-5a0b-4a43-9a53-0d1b0c2f7a11'
const PASSWORD = 'Tr0ub4dor-3'
const BASIC = Buffer.from(`site-b:${PASSWORD}`).toString('base64')
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzaXRlLWIifQ.c2lnbmF0dXJl'

/** Errors of a relay that contain a secret by mistake. */
const ERRORS = [
  `Npgsql.NpgsqlException: Host=db;Username=relay;Password=${PASSWORD};Database=relay refused`,
  `cannot connect to amqp://relay:${PASSWORD}@rabbit:5672/ nor to postgres://relay:${PASSWORD}@db/relay`,
  `request was {"headers":{"authorization":"Basic ${BASIC}"},"body":{"password":"${PASSWORD}"}}`,
  `retry of https://h/task/nextjob/${COLLECTION.toUpperCase()}?access_token=${JWT} failed`,
  `TASK_API_PASSWORD=${PASSWORD} COLLECTION_ID=${COLLECTION} were read`,
  `queue ${COLLECTION.replaceAll('-', '')} is gone`,
]

it.each(['known', 'full'] as const)(
  'shows no secret from logs or file names in any format, quotes: %s',
  async (quotes) => {
    const clock = (second: number): string => new Date(second * 1000).toISOString().slice(11, 19)
    const start = 6 * 3600 + 30 * 60
    const relay = Array.from({ length: 60 }, (_, poll) => {
      const time = clock(start + poll * 10)
      return [
        `[${time} WRN] Invalid password for client: site-b`,
        `[${time} INF] HTTP GET /link_connector_api/task/nextjob/${COLLECTION} responded 401 in 9.2 ms`,
        `[${time} ERR] ${ERRORS[poll % ERRORS.length] ?? ''}`,
        ERRORS[(poll + 1) % ERRORS.length] ?? '',
      ].join('\n')
    }).join('\n')
    const report = await reportOf(
      {
        [`hub/relay-${COLLECTION}.log`]: relay,
        [`site-b/bunny-${COLLECTION.toUpperCase()}.txt`]: ERRORS.join('\n'),
      },
      { quotes },
    )
    expect(report.findings.length).toBeGreaterThan(0)
    const plain = styles({ write: () => true }, {})
    const pages = [renderHtml, renderMarkdown, renderJson].map((render) => render(report))
    for (const page of [...pages, renderText(report, plain)]) {
      expect(page).toContain('‹collection›')
      for (const secret of [PASSWORD, BASIC, JWT, COLLECTION, COLLECTION.replaceAll('-', '')]) {
        expect(page.toLowerCase()).not.toContain(secret.toLowerCase())
      }
    }
    if (quotes === 'full')
      expect(renderJson(report)).toContain('Username=relay;Password=‹secret›;Database=relay')
  },
)
