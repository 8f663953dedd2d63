import { describe, expect, it } from 'vitest'
import { DEFAULT_POLICY, ModifierError, disclose, policyFromModifiers } from '../../src/index.ts'

const suppression = (threshold?: unknown) => ({ id: 'Low Number Suppression', threshold })
const rounding = (nearest?: unknown) => ({ id: 'Rounding', nearest })

function problemsOf(modifiers: unknown): readonly string[] {
  try {
    policyFromModifiers(modifiers)
  } catch (error: unknown) {
    if (error instanceof ModifierError) return error.problems.map(({ path }) => path)
    throw error
  }
  return []
}

describe('policyFromModifiers', () => {
  it.each([
    ['an empty list', [], DEFAULT_POLICY],
    ['both', [suppression(40), rounding(20)], { threshold: 40, nearest: 20 }],
    ['nulls', [suppression(null), rounding(null)], DEFAULT_POLICY],
    [
      'ids without parameters',
      [{ id: 'Low Number Suppression' }, { id: 'Rounding' }],
      DEFAULT_POLICY,
    ],
    ['zeros', [rounding(0), suppression(0)], { threshold: 0, nearest: 0 }],
    [
      'rounding only, with the threshold raised to a multiple',
      [rounding(100)],
      { threshold: 100, nearest: 100 },
    ],
    ['an unknown ID, and none', [{ id: 'Jitter', x: 1 }, {}], DEFAULT_POLICY],
    ['the same modifier twice', [rounding(5), rounding(5)], { threshold: 10, nearest: 5 }],
  ])('accepts %s', (_, modifiers, policy) => {
    expect(policyFromModifiers(modifiers)).toEqual(policy)
  })

  it('suppresses first, whatever the order of the list', () => {
    const policy = policyFromModifiers([rounding(100), suppression(100)])
    expect(disclose(60, policy)).toBe(0)
  })

  it.each([
    ['an object', { id: 'Rounding' }, ['']],
    ['nothing', undefined, ['']],
    ['text in the list', ['Rounding'], ['[0]']],
    ['a null in the list', [null], ['[0]']],
    ['a list in the list', [[]], ['[0]']],
    ['a fraction', [suppression(2.5)], ['[0].threshold']],
    ['a number as text', [rounding('10')], ['[0].nearest']],
    ['a parameter of another id', [{ id: 'Rounding', threshold: 3 }], ['[0].threshold']],
    ['a negative number', [suppression(-5)], ['[0].threshold']],
    [
      'a threshold between two multiples of the rounding target',
      [suppression(12), rounding(10)],
      [''],
    ],
    ['a contradiction', [suppression(10), suppression(50)], ['[1]']],
  ])('rejects %s', (_, modifiers, paths) => {
    expect(problemsOf(modifiers)).toEqual(paths)
  })

  it('reports all problems at once', () => {
    expect(problemsOf([suppression('x'), 7, { id: 'Rounding', nearest: 1.5, why: 'no' }])).toEqual([
      '[0].threshold',
      '[1]',
      '[2].why',
      '[2].nearest',
    ])
  })

  it('does not change the list', () => {
    const modifiers = [rounding(100), suppression(100)]
    const before = structuredClone(modifiers)
    policyFromModifiers(modifiers)
    expect(modifiers).toEqual(before)
  })
})
