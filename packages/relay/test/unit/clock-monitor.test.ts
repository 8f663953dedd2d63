import { createLogger } from '@warren/runtime'
import { expect, it } from 'vitest'

import { ClockMonitor } from '../../src/observe/clock-monitor.ts'

it('clock skew is measured, and logged once when it begins and once when it ends', async () => {
  const records: { msg: string; skewMs: number }[] = []
  const write = (line: string): void => void records.push(JSON.parse(line))
  const log = createLogger({
    component: 'x',
    level: 'info',
    format: 'json',
    destination: { write },
  })
  const measurements: number[] = []
  let skewMs = 0
  const monitor = new ClockMonitor({
    readTime: async () => 1_770_000_000_000,
    now: () => 1_770_000_000_000 + skewMs,
    log,
    onMeasured: (measured) => measurements.push(measured),
  })
  for (const skew of [0, 1_900, 600_000, 600_000, -600_000, 0, 0]) {
    skewMs = skew
    await monitor.measure()
    expect(Math.abs((measurements.at(-1) ?? 0) - skew)).toBeLessThan(1_500)
  }
  expect(records.map(({ msg }) => msg)).toEqual(['clock skew', 'clock skew ended'])
  expect(Math.abs((records[0]?.skewMs ?? 0) - 600_000)).toBeLessThan(1_500)
})
