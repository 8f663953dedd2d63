import { countResult } from '@warren/task-api'
import { describe, expect, it } from 'vitest'

import { AvailabilityAggregator } from '../../src/answers/availability-aggregator.ts'
import { COMBINE_OPTIONS } from '../harness/task-settings.ts'

const address = { uuid: 'subtask', collection: 'node' }

function combine(counts: readonly number[]): { count: number; calls: number; files: number } {
  let calls = 0
  const aggregator = new AvailabilityAggregator({
    ...COMBINE_OPTIONS,
    discloseCount: (count) => {
      calls++
      return count
    },
  })
  for (const count of counts) aggregator.add(countResult(address, count))
  const { count, files } = aggregator.finish()
  return { count, calls, files: files.length }
}

describe('combining availability results', () => {
  it.each([
    [[], 0],
    [[50], 50],
    [[3, 4, 5], 12],
    [[1, 2, 3, 4, 5], 15],
    [[42], 42],
    [[70, 431, 5_423_652, 3214, 654, 3213, 5342, 54, 65_476, 76_547, 234, 2, 5532], 5_584_421],
  ])('adds %j to %i and discloses the sum exactly once', (counts, sum) => {
    expect(combine(counts)).toEqual({ count: sum, calls: 1, files: 0 })
  })

  it('stays exact beyond 32 bits', () => {
    expect(combine([2 ** 29, 2 ** 29, 2 ** 29, 2 ** 29, 7]).count).toBe(2 ** 31 + 7)
  })

  it('leaves out a count above the largest plausible one, and reports it', () => {
    const aggregator = new AvailabilityAggregator({ ...COMBINE_OPTIONS, discloseCount: (n) => n })
    const add = (count: number) => aggregator.add(countResult(address, count))
    expect(add(1_000_000_000).counted).toBe(true)
    for (const count of [1_000_000_001, 9_007_199_254_740_800, Number.MAX_SAFE_INTEGER]) {
      expect(add(count)).toMatchObject({ counted: false, problems: [{ column: 'count' }] })
    }
    expect(aggregator.finish().count).toBe(1_000_000_000)
  })
})
