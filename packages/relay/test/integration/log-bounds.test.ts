import { expect, it } from 'vitest'

import { bareRequest, BareNode, pythonHeaders } from '../harness/bare-client.ts'
import { openSqlite, startTestRelay } from '../harness/test-relay.ts'

const PATH = '/link_connector_api/task'
const TIMES = 200

it('a client causes a bounded number of log lines, and the metrics count every request', async () => {
  await using store = await openSqlite()
  await using relay = await startTestRelay({ RELAY_STORE: store.url })
  const user = await relay.users.add('site-a')
  const node = new BareNode(relay.url, user)
  const started = performance.now()
  await node.poll()
  const unknown = crypto.randomUUID()
  for (let n = 0; n < TIMES; n++) {
    const headers = pythonHeaders(`name-${n}`, 'guess')
    await bareRequest(`${relay.url}${PATH}/nextjob/${user.collectionId}`, { headers })
    await bareRequest(`${relay.url}/no/such/path/${n}`)
    expect((await node.postText(unknown, '{')).status).toBe(404)
  }
  const { text } = await bareRequest(`${relay.url}/metrics`)
  await relay[Symbol.asyncDispose]()

  const periods = 1 + Math.ceil((performance.now() - started) / 60_000)
  expect(relay.logged('authentication failed').length).toBeLessThanOrEqual(60 * periods)
  expect(relay.logged('result rejected').length).toBeLessThanOrEqual(15 * periods)
  // Those of the address, those of the node, and the poll.
  const completed = relay.logged('request completed').filter(({ level }) => level >= 30)
  expect(completed.length).toBeLessThanOrEqual((60 + 15) * periods + 1)
  const failures = [...text.matchAll(/login_failures_total\{reason="[^"]+"\} (\d+)/g)]
  expect(failures.reduce((sum, [, number]) => sum + Number(number), 0)).toBe(TIMES)
  const omitted = relay.logged('log lines omitted').map((line) => Number(line['omitted']))
  expect(omitted.reduce((sum, lines) => sum + lines, 0)).toBeGreaterThan(3 * TIMES - 200 * periods)
}, 120_000)
