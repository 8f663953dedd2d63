import { expect, it } from 'vitest'

import { bareRequest, BareNode } from '../harness/bare-client.ts'
import { openSqlite, startTestRelay } from '../harness/test-relay.ts'

it('the metrics contain how long SQL statements take', async () => {
  await using store = await openSqlite()
  await using relay = await startTestRelay({ RELAY_STORE: store.url })
  const statements = async (bucket: string): Promise<number> => {
    const { text } = await bareRequest(`${relay.url}/metrics`)
    const name = `warren_relay_store_statement_seconds_bucket{le="${bucket}",kind="statement"} `
    return Number(text.split(name)[1]?.split('\n')[0])
  }
  const before = await statements('+Inf')
  await new BareNode(relay.url, await relay.users.add('site-a')).poll()
  expect(await statements('+Inf')).toBeGreaterThan(before)
  expect(await statements('0.2')).toBeGreaterThan(0)
})
