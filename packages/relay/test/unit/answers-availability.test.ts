import { countResult } from '@warren/task-api'
import { describe, expect, it } from 'vitest'

import { AvailabilityAggregator } from '../../src/answers/availability-aggregator.ts'
import { SumOverflowError } from '../../src/answers/exact-sum.ts'

const address = { uuid: 'subtask', collection: 'node' }

function combine(counts: readonly number[]): { count: number; calls: number; files: number } {
  let calls = 0
  const aggregator = new AvailabilityAggregator((count) => {
    calls++
    return count
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
    expect(combine([2 ** 31, 2 ** 40, 7]).count).toBe(2 ** 31 + 2 ** 40 + 7)
  })

  it('rejects a sum that is no longer exact', () => {
    expect(() => combine([Number.MAX_SAFE_INTEGER, 1])).toThrow(SumOverflowError)
  })
})
