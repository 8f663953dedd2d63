import { describe, expect, it } from 'vitest'

import { WorkHints } from '../../src/queue/work-hints.ts'

const nothing = async (): Promise<null> => null

describe('hints about queued work', () => {
  it('expect work for every node until a look-up finds none', async () => {
    const hints = new WorkHints(() => true)
    expect(hints.mayHaveWork('a')).toBe(true)
    await hints.lookUp('a', undefined, nothing)
    expect(hints.mayHaveWork('a')).toBe(false)
    expect(hints.mayHaveWork('a', 'availability')).toBe(false)
    expect(hints.mayHaveWork('b')).toBe(true)
  })

  it('still expect work after a look-up that found some', async () => {
    const hints = new WorkHints(() => true)
    expect(await hints.lookUp('a', undefined, async () => 'task')).toBe('task')
    expect(hints.mayHaveWork('a')).toBe(true)
  })

  it('are kept per kind after a look-up of one kind', async () => {
    const hints = new WorkHints(() => true)
    await hints.lookUp('a', 'availability', nothing)
    expect(hints.mayHaveWork('a', 'availability')).toBe(false)
    expect(hints.mayHaveWork('a', 'distribution')).toBe(true)
    expect(hints.mayHaveWork('a')).toBe(true)
  })

  it('expect work of all kinds once it is noted', async () => {
    const hints = new WorkHints(() => true)
    await hints.lookUp('a', undefined, nothing)
    await hints.lookUp('a', 'availability', nothing)
    hints.note(['a'])
    expect(hints.mayHaveWork('a')).toBe(true)
    expect(hints.mayHaveWork('a', 'availability')).toBe(true)
  })

  it('prefer a note over the result of a look-up that began before it', async () => {
    const hints = new WorkHints(() => true)
    const found = Promise.withResolvers<null>()
    const lookUp = hints.lookUp('a', undefined, () => found.promise)
    hints.note(['a'])
    found.resolve(null)
    await lookUp
    expect(hints.mayHaveWork('a')).toBe(true)
  })

  it('are cleared when all nodes are noted, and look-ups in progress do not count', async () => {
    const hints = new WorkHints(() => true)
    await hints.lookUp('a', undefined, nothing)
    const found = Promise.withResolvers<null>()
    const lookUp = hints.lookUp('b', undefined, () => found.promise)
    hints.noteAll()
    found.resolve(null)
    await lookUp
    expect(hints.mayHaveWork('a')).toBe(true)
    expect(hints.mayHaveWork('b')).toBe(true)
  })

  it('expect work for every node while notes may be missed', async () => {
    let live = false
    const hints = new WorkHints(() => live)
    await hints.lookUp('a', undefined, nothing)
    expect(hints.mayHaveWork('a')).toBe(true)
    live = true
    expect(hints.mayHaveWork('a')).toBe(true)
  })

  it('do not change after a failed look-up', async () => {
    const hints = new WorkHints(() => true)
    await expect(
      hints.lookUp('a', undefined, async () => {
        throw new Error('down')
      }),
    ).rejects.toThrow('down')
    expect(hints.mayHaveWork('a')).toBe(true)
  })
})

describe('waiting for work', () => {
  it('ends for the noted node only', async () => {
    const hints = new WorkHints(() => true)
    await hints.lookUp('a', undefined, nothing)
    await hints.lookUp('b', undefined, nothing)
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

  it('ends immediately if there may be work', async () => {
    expect(await new WorkHints(() => true).wait('a', 60_000)).toBe(true)
  })

  it('ends after the given time', async () => {
    const hints = new WorkHints(() => true)
    await hints.lookUp('a', undefined, nothing)
    expect(await hints.wait('a', 20)).toBe(false)
    expect(hints.waiting).toBe(0)
  })

  it('does not start if the signal is already aborted', async () => {
    expect(await new WorkHints(() => true).wait('a', 60_000, { signal: AbortSignal.abort() })).toBe(
      false,
    )
  })

  it('ends for every node when all nodes are noted', async () => {
    const hints = new WorkHints(() => true)
    await hints.lookUp('a', undefined, nothing)
    const woken = hints.wait('a', 60_000)
    hints.noteAll()
    expect(await woken).toBe(true)
  })

  it('pauses between look-ups while notes may be missed', async () => {
    const hints = new WorkHints(() => false)
    const started = performance.now()
    expect(await hints.wait('a', 60_000)).toBe(true)
    expect(performance.now() - started).toBeGreaterThan(1_000)
  })
})
