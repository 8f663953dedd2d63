import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Quotable } from '../../src/facts/evidence-keeper.ts'
import { LinkStats } from '../../src/facts/link-stats.ts'
import { ProblemHistory } from '../../src/facts/problem-history.ts'
import { buildSideView } from '../../src/timeline/side-view.ts'
import {
  addProblem,
  addSide,
  mergePeriods,
  placeProblem,
} from '../../src/timeline/placed-problem.ts'
import { factsOf, sourceOf } from '../fixtures/source-of.ts'

const lineAt = (time: number): Quotable => {
  const buf = Buffer.from(`line of ${time}`)
  return { buf, start: 0, end: buf.length, line: 1, time, sourceId: 0, file: 'test.log' }
}

/** A problem with failures at these times; a negative time is a success. */
function problemOf(...times: readonly number[]): ProblemHistory {
  const problem = new ProblemHistory()
  for (const time of times) {
    if (time < 0) problem.recover(lineAt(-time))
    else problem.see(lineAt(time))
  }
  return problem
}

describe('a problem over time', () => {
  it('counts every failure in exactly one period, however many there are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50_000 }), { maxLength: 400 }), (steps) => {
        const problem = new ProblemHistory()
        let time = 0
        for (const step of steps) {
          time += step
          if (step % 3 === 0) problem.recover(lineAt(time))
          else problem.see(lineAt(time))
        }
        const { periods } = problem
        expect(periods.length).toBeLessThanOrEqual(40)
        expect(periods.reduce((sum, { count }) => sum + count, 0)).toBe(problem.count)
        for (const [at, period] of periods.entries()) {
          expect(period.to).toBeGreaterThanOrEqual(period.from)
          expect(periods[at + 1]?.from ?? Infinity).toBeGreaterThan(period.to)
        }
        if (problem.count > 0) {
          expect(periods[0]?.from).toBe(problem.first)
          expect(periods.at(-1)?.to).toBe(problem.last)
        }
      }),
    )
  })

  it('begins when the wait began whose end is logged', () => {
    const stats = new LinkStats({ slowMs: 1_000 })
    stats.success(lineAt(100_000), 204, 50)
    stats.failure(lineAt(170_000), -1, 'read-timeout', 60_000)
    const problem = stats.problems.get('read-timeout')
    expect([problem?.first, problem?.last]).toEqual([110_000, 170_000])
  })

  it('begins with the request of the first slow response', () => {
    const stats = new LinkStats({ slowMs: 1_000 })
    for (let n = 0; n < 6; n++) stats.success(lineAt(100_000 + n * 10_000), 200, 8_000)
    expect(stats.problems.get('slow')?.first).toBe(92_000)
    expect(stats.problems.get('slow')?.count).toBe(6)
  })

  it('begins when the wait began if only the error contains its length', () => {
    const source = sourceOf(
      "ERROR - 26-Sep-25 07:58:00 - Network error occurred: HTTPSConnectionPool(host='relay.example.org', port=443): Read timed out. (read timeout=60)",
    )
    const { link } = factsOf(source, 'client')
    expect(link.problems.get('read-timeout')?.first).toBe(Date.UTC(2025, 8, 26, 7, 57))
  })
})

describe('one problem in several logs', () => {
  const placed = (problem: ProblemHistory) => placeProblem('relay-error', problem, 0)

  it('counts a poll once if both sides saw it, and also polls that only one side saw', () => {
    const relay = placed(problemOf(1_000, 11_000, 21_000, -31_000, 91_000, -99_000))
    // The client's log lacks the second time, but has one that the relay's log lacks.
    const client = placed(problemOf(1_040, 11_040, 21_040, -31_040, 201_000, -209_000))
    addSide(relay, client)
    expect(relay.periods.map(({ from, count }) => [from, count])).toEqual([
      [1_000, 3],
      [91_000, 1],
      [201_000, 1],
    ])
    expect(relay.count).toBe(5)
  })

  it('has ended when it has ended for both replicas', () => {
    const one = placed(problemOf(1_000, -5_000))
    addProblem(one, placed(problemOf(2_000)))
    expect([one.count, one.recoveredAt]).toEqual([2, Number.NaN])
  })

  it('does not end for one pod of a client because another succeeds', () => {
    const failing = new LinkStats({ slowMs: 1_000 })
    const served = new LinkStats({ slowMs: 1_000 })
    for (let time = 0; time < 100_000; time += 10_000) {
      failing.failure(lineAt(time), -1, 'name-resolution', 10)
      served.success(lineAt(time + 5_000), 204, 10)
    }
    const sources = [failing, served].map((stats, source) => ({ stats, shift: 0, source }))
    const recovered = (instances: 'pods' | 'replicas') =>
      buildSideView(sources, instances)?.problems.get('name-resolution')?.recoveredAt
    expect(recovered('pods')).toBe(Number.NaN)
    expect(recovered('replicas')).toBeGreaterThan(90_000)
  })
})

describe('periods that are merged', () => {
  it('end with the last of them, if that has ended', () => {
    const stretch = (from: number, to: number, recoveredAt: number) => ({
      from,
      to,
      count: 1,
      recoveredAt,
    })
    const first = stretch(1_000, 2_000, 3_000)
    expect(mergePeriods([first, stretch(3_500, 9_000, Number.NaN)], 1_000)).toEqual([
      { from: 1_000, to: 9_000, count: 2, recoveredAt: Number.NaN },
    ])
    expect(mergePeriods([first, stretch(2_500, 2_800, Number.NaN)])).toEqual([
      { from: 1_000, to: 2_800, count: 2, recoveredAt: 3_000 },
    ])
  })
})
