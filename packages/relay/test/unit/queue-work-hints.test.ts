import { describe, expect, it } from 'vitest'

import { WorkHints } from '../../src/queue/work-hints.ts'

const nothing = async (): Promise<null> => null

describe('remembering who has nothing queued', () => {
  it('takes everybody to have work until a look found none', async () => {
    const hints = new WorkHints(() => true)
    expect(hints.mayHaveWork('a')).toBe(true)
    await hints.look('a', undefined, nothing)
    expect(hints.mayHaveWork('a')).toBe(false)
    expect(hints.mayHaveWork('a', 'availability')).toBe(false)
    expect(hints.mayHaveWork('b')).toBe(true)
  })

  it('goes on expecting work after a look that found some', async () => {
    const hints = new WorkHints(() => true)
    expect(await hints.look('a', undefined, async () => 'task')).toBe('task')
    expect(hints.mayHaveWork('a')).toBe(true)
  })

  it('concludes nothing about other kinds from a look at one', async () => {
    const hints = new WorkHints(() => true)
    await hints.look('a', 'availability', nothing)
    expect(hints.mayHaveWork('a', 'availability')).toBe(false)
    expect(hints.mayHaveWork('a', 'distribution')).toBe(true)
    expect(hints.mayHaveWork('a')).toBe(true)
  })

  it('expects work of all kinds again once noted', async () => {
    const hints = new WorkHints(() => true)
    await hints.look('a', undefined, nothing)
    await hints.look('a', 'availability', nothing)
    hints.note(['a'])
    expect(hints.mayHaveWork('a')).toBe(true)
    expect(hints.mayHaveWork('a', 'availability')).toBe(true)
  })

  it('believes a note more than a look that began before it', async () => {
    const hints = new WorkHints(() => true)
    const looked = Promise.withResolvers<null>()
    const look = hints.look('a', undefined, () => looked.promise)
    hints.note(['a'])
    looked.resolve(null)
    await look
    expect(hints.mayHaveWork('a')).toBe(true)
  })

  it('forgets all it knows when everybody is noted, also what looks under way will find', async () => {
    const hints = new WorkHints(() => true)
    await hints.look('a', undefined, nothing)
    const looked = Promise.withResolvers<null>()
    const look = hints.look('b', undefined, () => looked.promise)
    hints.noteAll()
    looked.resolve(null)
    await look
    expect(hints.mayHaveWork('a')).toBe(true)
    expect(hints.mayHaveWork('b')).toBe(true)
  })

  it('expects work of everybody while notes may be lost, and learns nothing then', async () => {
    let live = false
    const hints = new WorkHints(() => live)
    await hints.look('a', undefined, nothing)
    expect(hints.mayHaveWork('a')).toBe(true)
    live = true
    expect(hints.mayHaveWork('a')).toBe(true)
  })

  it('learns nothing from a look that failed', async () => {
    const hints = new WorkHints(() => true)
    await expect(
      hints.look('a', undefined, async () => {
        throw new Error('down')
      }),
    ).rejects.toThrow('down')
    expect(hints.mayHaveWork('a')).toBe(true)
  })
})

describe('waiting for work', () => {
  it('wakes those who wait for the noted node, and nobody else', async () => {
    const hints = new WorkHints(() => true)
    await hints.look('a', undefined, nothing)
    await hints.look('b', undefined, nothing)
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

  it('does not wait where there may be work', async () => {
    expect(await new WorkHints(() => true).wait('a', 60_000)).toBe(true)
  })

  it('gives up after the time it was given', async () => {
    const hints = new WorkHints(() => true)
    await hints.look('a', undefined, nothing)
    expect(await hints.wait('a', 20)).toBe(false)
    expect(hints.waiting).toBe(0)
  })

  it('does not start to wait for somebody who has hung up', async () => {
    expect(await new WorkHints(() => true).wait('a', 60_000, { signal: AbortSignal.abort() })).toBe(
      false,
    )
  })

  it('wakes everybody when anything may have happened', async () => {
    const hints = new WorkHints(() => true)
    await hints.look('a', undefined, nothing)
    const woken = hints.wait('a', 60_000)
    hints.noteAll()
    expect(await woken).toBe(true)
  })

  it('pauses between looks while notes may be lost', async () => {
    const hints = new WorkHints(() => false)
    const started = performance.now()
    expect(await hints.wait('a', 60_000)).toBe(true)
    expect(performance.now() - started).toBeGreaterThan(1_000)
  })
})
