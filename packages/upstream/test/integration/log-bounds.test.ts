import { expect, it } from 'vitest'
import { MEN, poller, runningUpstream } from './running-upstream.ts'

const TIMES = 100
// Lines about one subject of one client, and a period that begins meanwhile.
const MAX_LINES = 2 * 15

it('a client causes a bounded number of log lines', async () => {
  const running = await runningUpstream()
  const { upstream, url } = running
  const north = await poller(running)
  const uuid = await upstream.ask(MEN)
  const authorization = `Basic ${Buffer.from(`${north.username}:${north.password}`).toString('base64')}`
  const post = async (body: object): Promise<number> => {
    const response = await fetch(`${url}/api/v1/task/result/${uuid}/${north.collectionId}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    await response.text()
    return response.status
  }
  for (let n = 0; n < TIMES; n++) {
    expect((await fetch(`${url}/no/such/path/${n}`)).status).toBe(404)
    expect((await fetch(`${url}/api/v1/task/nextjob/${n}`)).status).toBe(401)
    expect(await post({ status: 'ok', queryResult: { count: -1 } })).toBe(400)
    expect(await post({ status: 'error', queryResult: { count: 0 } })).toBe(201)
  }
  await upstream[Symbol.asyncDispose]()

  for (const status of [404, 401, 400]) {
    const lines = running.logged('request completed').filter((line) => line['status'] === status)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.length).toBeLessThanOrEqual(MAX_LINES)
  }
  for (const event of ['result rejected', 'result received']) {
    expect(running.logged(event).length).toBeGreaterThan(0)
    expect(running.logged(event).length).toBeLessThanOrEqual(MAX_LINES + 1)
  }
  const omitted = running.logged('log lines omitted').map((line) => Number(line['omitted']))
  expect(omitted.reduce((sum, lines) => sum + lines, 0)).toBeGreaterThan(
    5 * (TIMES - MAX_LINES - 1),
  )
}, 60_000)
