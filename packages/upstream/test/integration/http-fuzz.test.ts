import { expect, it } from 'vitest'
import { fuzzUpstream } from './fuzz-upstream.ts'

// `npm run fuzz -- --requests 100000 --seed 1` runs more.
const REQUESTS = 1_000

it('answers malformed and hostile requests without a server error, gives nothing away and goes on working', async () => {
  const { statuses, ...report } = await fuzzUpstream({ requests: REQUESTS, seed: 1 })
  expect(report).toEqual({ findings: [], damage: [] })
  // Some requests get through, or this would test nothing.
  for (const status of ['200', '201', '204', '400', '401', '403', '404']) {
    expect({ status, count: statuses[status] ?? 0 }).not.toEqual({ status, count: 0 })
  }
})
