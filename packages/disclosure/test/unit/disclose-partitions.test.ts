import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { disclosePartitions, discloseWhole, type DisclosurePolicy } from '../../src/index.ts'
import { possibleCounts } from '../support/partition-reader.ts'

const named = (...counts: number[]) => counts.map((count) => ({ count }))
const exact = (threshold: number): DisclosurePolicy => ({ threshold, nearest: 0 })

describe('figures that divide the same people', () => {
  it('hides a second category if the hidden one follows from the total of another partition', () => {
    const { figures } = disclosePartitions(997, [named(500, 460, 37), named(997)], exact(50))
    expect(figures).toEqual([[500, 0, 0], [997]])
  })

  it('hides a second category if the hidden one follows from the total', () => {
    const { figures, total } = disclosePartitions(60, [named(32, 25, 3)], exact(10))
    expect(total).toBe(60)
    expect(figures).toEqual([[32, 0, 0]])
  })

  it('shows all others if rounding leaves the hidden one open', () => {
    const policy = { threshold: 10, nearest: 10 }
    expect(disclosePartitions(60, [named(32, 25, 3)], policy).figures).toEqual([[30, 30, 0]])
  })

  it('hides a second category if rounding does not leave the hidden one open', () => {
    // 217 is at least 215, and the others are at most 104 each: the hidden one would be 7 to 9.
    const policy = { threshold: 10, nearest: 10 }
    expect(disclosePartitions(217, [named(104, 104, 9)], policy).figures).toEqual([[100, 0, 0]])
  })

  it('hides further categories until the hidden one can have any size', () => {
    expect(disclosePartitions(1053, [named(500, 500, 50, 3)], exact(50)).figures).toEqual([
      [500, 0, 0, 0],
    ])
  })

  it('counts people without a name for their category as hidden', () => {
    const categories = [...named(32, 25), { count: 3, isNamed: false }]
    expect(disclosePartitions(60, [categories], exact(10)).figures).toEqual([[32, 0, 0]])
  })

  it('gives the total by itself, not the sum of the figures', () => {
    const { total, figures } = disclosePartitions(1130, [named(572, 558)], {
      threshold: 100,
      nearest: 100,
    })
    expect(total).toBe(1100)
    expect(figures).toEqual([[600, 600]])
  })

  it('does not let rounded figures meet in one number', () => {
    // 35 + 35 + 35 + 35 is at least 140 if each is rounded down, 34 + 34 + 34 + 38 at most 140 with 34, 34, 34 and 40 + 4.
    const policy = { threshold: 10, nearest: 10 }
    const people = [named(34, 34, 34, 34, 34), named(35, 35, 35, 65)]
    const { figures } = disclosePartitions(170, people, policy)
    expect(figures.flat().filter((figure) => figure === 0).length).toBeGreaterThan(0)
  })

  it('ignores a division without people', () => {
    const policy = { threshold: 10, nearest: 10 }
    const { figures } = disclosePartitions(60, [named(32, 28), [], named(0, 0)], policy)
    expect(figures).toEqual([[30, 30], [], [0, 0]])
  })

  it('hides nothing further without suppression and rounding', () => {
    const { figures } = disclosePartitions(6, [named(1, 2, 3)], { threshold: 0, nearest: 0 })
    expect(figures).toEqual([[1, 2, 3]])
  })

  it('leaves every size of a hidden category possible, and no rounded figure certain', () => {
    const policies = fc.constantFrom<DisclosurePolicy>(
      exact(2),
      exact(5),
      exact(20),
      { threshold: 10, nearest: 10 },
      { threshold: 20, nearest: 5 },
      { threshold: 6, nearest: 3 },
      { threshold: 0, nearest: 10 },
    )
    const people = fc.array(
      fc.record({
        a: fc.nat(3),
        b: fc.nat(4),
        c: fc.nat(1),
        copies: fc.integer({ min: 1, max: 40 }),
      }),
      { minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(policies, people, (policy, kinds) => {
        const total = kinds.reduce((sum, { copies }) => sum + copies, 0)
        const truth = (['a', 'b', 'c'] as const).map((by) =>
          [0, 1, 2, 3, 4].map((value) =>
            kinds.reduce((sum, one) => sum + (one[by] === value ? one.copies : 0), 0),
          ),
        )
        const disclosed = disclosePartitions(
          total,
          truth.map((counts) => named(...counts)),
          policy,
        )
        const smallest = Math.max(1, policy.threshold, Math.ceil(policy.nearest / 2))
        for (const [which, counts] of truth.entries()) {
          const figures = disclosed.figures[which] ?? []
          // A partition without a figure says nothing about how many categories there are.
          if (figures.every((figure) => figure === 0)) continue
          for (const [index, count] of counts.entries()) {
            if (count === 0) continue
            const possible = possibleCounts({ disclosed, truth, policy, which, index })
            expect(possible).toContain(count)
            if (count < smallest) {
              expect(possible.filter((one) => one < smallest)).toHaveLength(smallest - 1)
            } else if (policy.nearest > 1 && figures[index] !== 0) {
              expect(possible.length).toBeGreaterThan(1)
            }
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('figures of a whole and its parts', () => {
  it('hides a second part if the hidden one follows from the whole', () => {
    expect(discloseWhole(65, [40, 20, 5], exact(10))).toEqual({ whole: 65, parts: [40, 0, 0] })
  })

  it('hides a part if the people outside of it are few', () => {
    expect(discloseWhole(60, [57, 20], exact(10))).toEqual({ whole: 60, parts: [0, 20] })
  })

  it('shows parts that overlap enough to leave the hidden one open', () => {
    expect(discloseWhole(65, [40, 40, 5], exact(10))).toEqual({ whole: 65, parts: [40, 40, 0] })
  })

  it('hides every part of a hidden whole', () => {
    expect(discloseWhole(9, [9, 4], exact(10))).toEqual({ whole: 0, parts: [0, 0] })
  })
})
