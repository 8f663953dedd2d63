import { describe, expect, it } from 'vitest'

import { WorkHints } from '../../src/queue/work-hints.ts'

const nothing = async (): Promise<null> => null

/** Hints about a store that contains work for the nodes in `queued`, and counts how often it is asked for them. */
function openHints(queued: string[] = [], live: () => boolean = () => true) {
  const store = { queued, surveys: 0 }
  const hints = new WorkHints({
    live,
    findNodesWithWork: async () => {
      store.surveys++
      return [...store.queued]
    },
  })
  return { hints, store }
}

describe('hints about queued work', () => {
  it('find the nodes with work by one survey, whatever the number of nodes', async () => {
    const { hints, store } = openHints(['a'])
    expect(hints.mayHaveWork('a')).toBe(true)
    expect(hints.mayHaveWork('b')).toBe(true)
    const nodes = Array.from({ length: 1_000 }, (_, number) => `node ${number}`)
    let lookUps = 0
    const lookUp = async (): Promise<null> => {
      lookUps++
      return null
    }
    await Promise.all([...nodes, 'a'].map((node) => hints.lookUp(node, undefined, lookUp)))
    expect([store.surveys, lookUps]).toEqual([1, 1])
    expect(nodes.filter((node) => hints.mayHaveWork(node))).toEqual([])
  })

  it('expect work for a found node until a look-up finds none', async () => {
    const { hints } = openHints(['a'])
    const task = { isLast: false }
    expect(await hints.lookUp('a', undefined, async () => task)).toBe(task)
    expect(hints.mayHaveWork('a')).toBe(true)
    expect(hints.mayHaveWork('a', 'availability')).toBe(true)
    await hints.lookUp('a', undefined, nothing)
    expect(hints.mayHaveWork('a')).toBe(false)
    expect(hints.mayHaveWork('a', 'availability')).toBe(false)
  })

  it('expect no work after a look-up that found the last one', async () => {
    const { hints } = openHints(['a'])
    await hints.lookUp('a', 'availability', async () => ({ isLast: true }))
    expect(hints.mayHaveWork('a')).toBe(false)
    expect(hints.mayHaveWork('a', 'distribution')).toBe(false)
  })

  it('are kept per kind after a look-up of one kind', async () => {
    const { hints } = openHints(['a'])
    await hints.lookUp('a', 'availability', nothing)
    expect(hints.mayHaveWork('a', 'availability')).toBe(false)
    expect(hints.mayHaveWork('a', 'distribution')).toBe(true)
    expect(hints.mayHaveWork('a')).toBe(true)
    await hints.lookUp('a', 'distribution', nothing)
    expect(hints.mayHaveWork('a')).toBe(false)
  })

  it('expect work of all kinds once it is noted', async () => {
    const { hints } = openHints()
    await hints.survey()
    expect(hints.mayHaveWork('a')).toBe(false)
    hints.note(['a'])
    expect(hints.mayHaveWork('a')).toBe(true)
    expect(hints.mayHaveWork('a', 'availability')).toBe(true)
  })

  it.each([null, { isLast: true }])(
    'prefer a note over the result %j of a look-up that began before it',
    async (result) => {
      const { hints } = openHints(['a'])
      await hints.survey()
      const found = Promise.withResolvers<typeof result>()
      const lookUp = hints.lookUp('a', undefined, () => found.promise)
      await Promise.resolve()
      hints.note(['a'])
      found.resolve(result)
      await lookUp
      expect(hints.mayHaveWork('a')).toBe(true)
    },
  )

  it('prefer a note over a survey that began before it', async () => {
    const { hints } = openHints()
    const survey = hints.survey()
    hints.note(['a'])
    await survey
    expect(hints.mayHaveWork('a')).toBe(true)
    // The next one corrects it.
    await hints.survey()
    expect(hints.mayHaveWork('a')).toBe(false)
  })

  it('are surveyed again after a gap, and a survey that began before it does not count', async () => {
    const answers = [Promise.withResolvers<string[]>(), Promise.withResolvers<string[]>()]
    let surveys = 0
    const findNodesWithWork = (): Promise<string[]> => answers[surveys++]!.promise
    const hints = new WorkHints({ live: () => true, findNodesWithWork })
    const survey = hints.survey()
    hints.noteGap()
    answers[0]!.resolve([])
    await new Promise((resolve) => setImmediate(resolve))
    expect(hints.mayHaveWork('b')).toBe(true)
    answers[1]!.resolve(['a'])
    await survey
    expect([hints.mayHaveWork('a'), hints.mayHaveWork('b'), surveys]).toEqual([true, false, 2])
  })

  it('are asked for once per second while notes may be missed', async () => {
    const { hints, store } = openHints(['a'], () => false)
    for (let poll = 0; poll < 50; poll++) await hints.lookUp(`node ${poll}`, undefined, nothing)
    expect(store.surveys).toBe(1)
    expect(hints.mayHaveWork('b')).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(hints.mayHaveWork('b')).toBe(true)
    await hints.lookUp('b', undefined, nothing)
    expect(store.surveys).toBe(2)
  })

  it('do not change after a failed look-up', async () => {
    const { hints } = openHints(['a'])
    await expect(
      hints.lookUp('a', undefined, async () => {
        throw new Error('down')
      }),
    ).rejects.toThrow('down')
    expect(hints.mayHaveWork('a')).toBe(true)
  })

  it('reject a look-up while the store cannot be surveyed, and recover', async () => {
    let down = true
    const findNodesWithWork = async (): Promise<string[]> => {
      if (down) throw new Error('down')
      return []
    }
    const hints = new WorkHints({ live: () => true, findNodesWithWork })
    hints.noteGap()
    await expect(hints.lookUp('a', undefined, nothing)).rejects.toThrow('down')
    expect(hints.mayHaveWork('a')).toBe(true)
    down = false
    expect(await hints.lookUp('a', undefined, nothing)).toBeNull()
    expect(hints.mayHaveWork('a')).toBe(false)
  })
})

describe('waiting for work', () => {
  it('ends for the noted node only', async () => {
    const { hints } = openHints()
    await hints.survey()
    const abort = new AbortController()
    const a = Promise.all([hints.wait('a', 60_000), hints.wait('a', 60_000)])
    const b = hints.wait('b', 60_000, { signal: abort.signal })
    expect(hints.waiting).toBe(3)
    hints.note(['a'])
    expect(await a).toEqual([true, true])
    expect(hints.waiting).toBe(1)
    abort.abort()
    expect(await b).toBe(false)
    expect(hints.waiting).toBe(0)
  })

  it('ends after a gap for the nodes with work only', async () => {
    const { hints, store } = openHints()
    await hints.survey()
    const abort = new AbortController()
    const a = hints.wait('a', 60_000)
    const b = hints.wait('b', 60_000, { signal: abort.signal })
    store.queued = ['a']
    hints.noteGap()
    expect(await a).toBe(true)
    expect(hints.waiting).toBe(1)
    abort.abort()
    expect(await b).toBe(false)
  })

  it('ends immediately if there may be work', async () => {
    const { hints } = openHints(['a'])
    await hints.survey()
    expect(await hints.wait('a', 60_000)).toBe(true)
  })

  it('ends after the given time', async () => {
    const { hints } = openHints()
    await hints.survey()
    expect(await hints.wait('a', 20)).toBe(false)
    expect(hints.waiting).toBe(0)
  })

  it('does not start if the signal is already aborted', async () => {
    const { hints } = openHints(['a'])
    expect(await hints.wait('a', 60_000, { signal: AbortSignal.abort() })).toBe(false)
  })

  it('pauses between look-ups while notes may be missed', async () => {
    const { hints } = openHints(['a'], () => false)
    const started = performance.now()
    expect(await hints.wait('b', 60_000)).toBe(true)
    expect(performance.now() - started).toBeGreaterThan(900)
  })
})
