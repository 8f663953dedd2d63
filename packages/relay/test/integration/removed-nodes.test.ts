import { until } from '@warren/testkit'
import { expect, it } from 'vitest'
import { BareNode, bareRequest } from '../harness/bare-client.ts'
import { describeStores, startTestRelay } from '../harness/test-relay.ts'

describeStores('a removed node', (open) => {
  it('leaves the metrics and the summaries of the log', async () => {
    await using resources = new AsyncDisposableStack()
    const store = resources.use(await open())
    const env = { RELAY_STORE: store.url }
    const relay = resources.use(await startTestRelay(env, { summaryMs: 200 }))
    const other = resources.use(await startTestRelay(env))
    const kept = new BareNode(relay.url, await relay.users.add('kept'))
    const removed = new BareNode(relay.url, await relay.users.add('removed'))
    const metrics = async () => (await bareRequest(`${relay.url}/metrics`)).text
    await until(async () => {
      await Promise.all([kept.poll(), removed.poll()])
      return (await metrics()).includes('node="removed"')
    })
    await until(() => JSON.stringify(relay.logged('nodes summary')).includes('"removed"'))

    await other.users.remove('removed')
    await until(async () => !(await metrics()).includes('node="removed"'))
    expect(await metrics()).toContain('node="kept"')
    expect((await removed.poll()).status).toBe(401)
    expect(await metrics()).not.toContain('node="removed"')
    const before = relay.records.length
    const later = await until(() => {
      const lines = relay.records.slice(before).filter(({ msg }) => msg === 'nodes summary')
      return lines.length > 1 ? lines : null
    })
    expect(JSON.stringify(later)).not.toContain('"removed"')
    expect(later.at(-1)).toMatchObject({ nodes: 1 })
  })
})
