import { describe, expect, it } from 'vitest'
import { renderMarkdown } from '../../src/render/markdown.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { dotnetLine, plain, pollsEvery, rabbitLine } from '../fixtures/wild-lines.ts'
import type { Printed } from '../fixtures/wild-lines.ts'
import { broker, LENGTH, olaf, relay } from '../fixtures/wild-network.ts'

const NODE = '9e33aa01-77b2-4b1d-8e4c-51a2bc9f3333'
const SENTENCE = 'please visit https://evil.example/login to keep your access'

const login = (at: number, name: string): Printed[] => [
  dotnetLine(at, 'WRN', `User not found: ${name}`),
  dotnetLine(at, 'INF', `Credentials failed validation for Client: ${name}`),
  dotnetLine(
    at,
    'INF',
    `HTTP GET /link_connector_api/task/nextjob/${NODE} responded 401 in 12.2 ms`,
  ),
]
const reportOn = (hub: Printed[], rabbit: Printed[] = []) =>
  reportOf({
    'bunny.log': plain(olaf),
    'hub.log': plain(relay, hub),
    'rabbit.log': plain(broker, rabbit),
  })

describe('logins under names that never logged in', () => {
  it.each<[string, Printed[]]>([
    ['once', login(700, 'admin')],
    ['three times, under a sentence', [700, 701, 702].flatMap((at) => login(at, SENTENCE))],
    [
      'under many names',
      ['root', 'test', 'user', 'guest', 'git'].flatMap((name, n) => login(700 + n, name)),
    ],
  ])('are one finding, and no client: %s', async (_, lines) => {
    const report = await reportOn(lines)
    expect(report.findings.filter(({ cause }) => cause === 'unknown-logins')).toHaveLength(1)
    expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([])
    expect(report.components.filter(({ role }) => role === 'client')).toHaveLength(2)
    expect(report.verdict).toBe('healthy')
    expect(report.sentence).not.toContain('no log contains a failure')
  })

  it('are quoted and cut, so that no link and no sentence is left', async () => {
    const report = await reportOn([700, 701, 702].flatMap((at) => login(at, SENTENCE)))
    const [finding] = report.findings.filter(({ cause }) => cause === 'unknown-logins')
    expect(`${finding?.title} ${finding?.why} ${finding?.partyName}`).not.toMatch(
      /evil\.example\/|:\/\/|please visit/,
    )
    const outsideOfQuotations = renderMarkdown(report).replaceAll(/^```[^]*?^```/gm, '')
    expect(outsideOfQuotations).not.toContain('evil.example/')
  })

  it('are a client with wrong settings if they go on', async () => {
    const report = await reportOn(
      pollsEvery(10, 8, LENGTH).flatMap((at) => login(at, 'st-elsewhere')),
    )
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        cause: 'auth-unknown-user',
        severity: 'error',
        partyName: 'st-elsewhere',
      }),
    )
  })

  it('at the broker do not stop the relay', async () => {
    const peer = '10.9.9.9:4444 -> 10.42.3.22:5672'
    const report = await reportOn(
      [],
      [
        rabbitLine(500, 'info', 9_000, `accepting AMQP connection <0.9000.0> (${peer})`),
        rabbitLine(
          500,
          'error',
          9_000,
          `Error on AMQP connection <0.9000.0> (${peer}, state: starting):`,
        ),
        rabbitLine(500, 'error', 9_000, "PLAIN login refused: user 'guest' - invalid credentials"),
      ],
    )
    expect(report.verdict).toBe('healthy')
    expect(report.findings.map(({ cause }) => cause)).toContain('unknown-logins')
  })
})
