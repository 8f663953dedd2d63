import { expect, it } from 'vitest'
import { fuzzRelay } from '../harness/fuzz-relay.ts'
import { describeStores } from '../harness/test-relay.ts'

// `npm run fuzz -- --requests 100000 --seed 1` runs more.
const REQUESTS = 1_000

describeStores('the HTTP API, with malformed and hostile requests', (open) => {
  it('answers without a server error, gives nothing away and goes on working', async () => {
    await using store = await open()
    const { statuses, ...report } = await fuzzRelay(store.url, { requests: REQUESTS, seed: 1 })
    expect(report).toEqual({ findings: [], damage: [] })
    // Some requests get through, or this would test nothing.
    for (const status of ['200', '204', '400', '401', '404', '405']) {
      expect({ status, count: statuses[status] ?? 0 }).not.toEqual({ status, count: 0 })
    }
  })
})
