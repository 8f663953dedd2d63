import { describe, expect, it } from 'vitest'
import { policyProblem } from '../../src/index.ts'

describe('policyProblem', () => {
  it.each([
    [12, 10, '10 or 20'],
    [14, 10, '10 or 20'],
    [12, 30, '30 or 60'],
    [1, 10, '10 or 20'],
    [999, 250, '750 or 1000'],
  ])('names the two nearest thresholds for %i with rounding to %i', (threshold, nearest, both) => {
    const problem = policyProblem({ threshold, nearest })
    expect(problem?.member).toBe('threshold')
    expect(problem?.hint).toBe(`Use a threshold of ${both}, or another rounding target.`)
  })

  it.each([
    [10, 10],
    [0, 10],
    [7, 0],
    [7, 1],
    [0, 0],
    [100, 20],
  ])('accepts threshold %i with rounding to %i', (threshold, nearest) => {
    expect(policyProblem({ threshold, nearest })).toBeUndefined()
  })

  it.each([
    [-1, 10, 'threshold'],
    [2.5, 10, 'threshold'],
    [Number.NaN, 10, 'threshold'],
    [10, -10, 'nearest'],
    [10, 0.5, 'nearest'],
  ])('does not accept threshold %d with rounding to %d', (threshold, nearest, member) => {
    expect(policyProblem({ threshold, nearest })).toMatchObject({ member })
  })
})
