import { errorResult } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import { figuresOf, resultOf, sameFigures, sumOf, trueAnswer } from '../../chaos/truth.ts'

const ADDRESS = { uuid: '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11', collection: 'node' }
const KINDS = ['availability', 'generic', 'demographics'] as const

describe('the true answers of scripted nodes', () => {
  it.each(KINDS)('are read from their result as they were written: %s', (kind) => {
    for (let number = 1; number <= 200; number += 1) {
      const truth = trueAnswer(7, 2, { kind, number })
      const figures = figuresOf(kind, resultOf(ADDRESS, kind, truth))
      if (truth === null) expect(figures).toBeNull()
      else expect(figures).toEqual(truth)
    }
  })

  it('depend on the seed, the node and the question, and are sometimes errors', () => {
    const answer = (seed: number, node: number, number: number) =>
      trueAnswer(seed, node, { kind: 'availability', number })?.get('')
    expect(new Set([answer(1, 1, 1), answer(2, 1, 1), answer(1, 2, 1), answer(1, 1, 2)]).size).toBe(
      4,
    )
    const answers = Array.from({ length: 500 }, (_, number) => answer(1, 1, number))
    expect(answers).toContain(undefined)
    expect(answers.filter((people) => people !== undefined).length).toBeGreaterThan(400)
  })

  it('add up by key, and a key without people makes no difference', () => {
    const sum = sumOf([new Map([['a', 1]]), new Map([['a', 2]]), new Map([['b', 0]])])
    expect(sameFigures(sum, new Map([['a', 3]]))).toBe(true)
    expect(
      sameFigures(
        sum,
        new Map([
          ['a', 3],
          ['c', 1],
        ]),
      ),
    ).toBe(false)
    expect(sameFigures(sum, new Map([['a', 2]]))).toBe(false)
  })

  it('are null for an error', () => {
    expect(figuresOf('generic', errorResult(ADDRESS, 'no'))).toBeNull()
  })
})
