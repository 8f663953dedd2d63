import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_POLICY, disclose } from '../../src/index.ts'

// threshold, nearest, count, reported
const vectors: readonly (readonly [number, number, number, number])[] = [
  // suppression only
  [100, 0, 99, 0],
  [100, 0, 100, 100],
  [100, 0, 101, 101],
  [0, 0, 1, 1],
  [-5, 0, 1, 1],
  [100, 0, 123, 123],
  // rounding only
  [0, 10, 9, 10],
  [0, 100, 123, 100],
  [0, 10, 123, 120],
  [0, 1, 123, 123],
  [0, 100, 150, 200],
  [0, 0, 123, 123],
  // ties round up
  [0, 10, 5, 10],
  [0, 10, 15, 20],
  [0, 10, 25, 30],
  [0, 10, 35, 40],
  [0, 10, 45, 50],
  [0, 10, 105, 110],
  [0, 10, 115, 120],
  [0, 10, 165, 170],
  [0, 10, 175, 180],
  [0, 10, 245, 250],
  [0, 10, 1005, 1010],
  [0, 10, 1_234_565, 1_234_570],
  [0, 10, 20_971_526, 20_971_530],
  [0, 100, 50, 100],
  [0, 100, 250, 300],
  [0, 5, 7, 5],
  [0, 5, 13, 15],
  // both
  [50, 10, 27, 0],
  [10, 10, 2718, 2720],
  [20, 0, 2718, 2718],
  [20, -1, 2718, 2718],
  [2718, 0, 2718, 2718],
  [2719, 0, 2718, 0],
  [0, 10, 2718, 2720],
  [0, 10, 271, 270],
  [-1, 10, 271, 270],
  [0, 0, 2718, 2718],
  [74, 19, 100, 95],
  [39, 72, 94, 72],
  [29, 50, 13, 0],
  [7, 13, 8, 13],
  [84, 75, 24, 0],
  [86, 48, 74, 0],
  [100, 100, 123, 100],
  [70, 100, 60, 0],
  // not suppressed again after rounding below the threshold
  [570, 10, 572, 570],
  [571, 10, 572, 570],
  [572, 10, 572, 570],
  [573, 0, 572, 0],
]

const counts = fc.integer({ min: 0, max: 2_000_000_000 })
const settings = fc.record({
  threshold: fc.integer({ min: -2, max: 500 }),
  nearest: fc.integer({ min: -2, max: 500 }),
})

describe('disclose', () => {
  it.each(vectors)('threshold %i, nearest %i: reports %i as %i', (...vector) => {
    const [threshold, nearest, count, reported] = vector
    expect(disclose(count, { threshold, nearest })).toBe(reported)
  })

  it.each([
    [9, 0],
    [10, 10],
    [14, 10],
    [15, 20],
  ])('by default reports %i as %i', (count, reported) => {
    expect(disclose(count, DEFAULT_POLICY)).toBe(reported)
  })

  it('reports 0 for a count below the threshold, whatever the rounding', () => {
    fc.assert(
      fc.property(counts, settings, (count, policy) => {
        if (count < policy.threshold) expect(disclose(count, policy)).toBe(0)
      }),
    )
  })

  it('reports a value from 1 to threshold - 1 only by rounding down from the threshold', () => {
    fc.assert(
      fc.property(counts, settings, (count, policy) => {
        const reported = disclose(count, policy)
        if (reported === 0 || reported >= policy.threshold) return
        expect(policy.nearest).toBeGreaterThan(0)
        expect(policy.threshold % policy.nearest).not.toBe(0)
        expect(reported).toBe(policy.threshold - (policy.threshold % policy.nearest))
      }),
      { numRuns: 1000 },
    )
  })

  it('changes a count by at most half the rounding target', () => {
    fc.assert(
      fc.property(counts, settings, (count, policy) => {
        if (count < policy.threshold) return
        const distance = Math.abs(disclose(count, policy) - count)
        expect(distance * 2).toBeLessThanOrEqual(Math.max(policy.nearest, 0))
      }),
    )
  })

  it('never reports less for more people', () => {
    fc.assert(
      fc.property(counts, fc.nat(1000), settings, (count, more, policy) => {
        expect(disclose(count + more, policy)).toBeGreaterThanOrEqual(disclose(count, policy))
      }),
    )
  })

  it('does not change a multiple of the rounding target that is not suppressed', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 500 }), (times, nearest) => {
        const count = times * nearest
        expect(disclose(count, { threshold: 0, nearest })).toBe(count)
      }),
    )
  })

  it('agrees with big integer arithmetic up to the largest safe count', () => {
    const anyCount = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    const anyTarget = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(anyCount, anyTarget, (count, nearest) => {
        const [n, target] = [BigInt(count), BigInt(nearest)]
        const exact = ((2n * n + target) / (2n * target)) * target
        const report = () => disclose(count, { threshold: 0, nearest })
        if (exact > BigInt(Number.MAX_SAFE_INTEGER)) expect(report).toThrow(RangeError)
        else expect(report()).toBe(Number(exact))
      }),
      { numRuns: 1000 },
    )
  })

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1])(
    'rejects a count of %d without repeating it',
    (count) => {
      expect(() => disclose(count, DEFAULT_POLICY)).toThrow(/^count must be a whole number/)
    },
  )

  it.each([
    { threshold: 2.5, nearest: 10 },
    { threshold: 10, nearest: Number.NaN },
  ])('rejects the policy %o', (policy) => {
    expect(() => disclose(100, policy)).toThrow(/must be a whole number/)
  })
})
