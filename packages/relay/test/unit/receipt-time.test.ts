import { expect, it } from 'vitest'

import { ageOf, presentTime } from '../../src/upstream/receipt-time.ts'

it.runIf(process.platform === 'linux')(
  'the age of a spooled task does not depend on a clock that was set since',
  () => {
    const now = presentTime()
    for (const offsetMs of [600_000, -600_000]) {
      const ageMs = ageOf({ ...now, receivedAt: now.receivedAt + offsetMs })
      expect(ageMs).toBeGreaterThanOrEqual(0)
      expect(ageMs).toBeLessThan(60_000)
    }
  },
)

it.each([
  ['of another start of the machine', { boot: 'another', upMs: 0 }],
  ['of an earlier release', {}],
])('the age of a spooled task %s is that by the clock of the machine', (_, time) => {
  const ageMs = ageOf({ receivedAt: Date.now() - 3_600_000, ...time })
  expect(ageMs).toBeGreaterThanOrEqual(3_600_000)
  expect(ageMs).toBeLessThan(3_660_000)
})
