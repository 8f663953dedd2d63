import { describe, expect, it } from 'vitest'
import { FairQueue, type Party } from '../../src/nodes/fair-queue.ts'

const never = new AbortController().signal

/** A queue with one slot that is taken; `order` records who gets the slot after it is freed. */
async function busyQueue() {
  const queue = new FairQueue(1)
  const order: string[] = []
  const first = await queue.enter(['first'], never)
  const enter = async (name: string, party: Party, signal = never): Promise<void> => {
    using _ = await queue.enter(party, signal)
    order.push(name)
  }
  return { queue, order, enter, free: () => first[Symbol.dispose]() }
}

describe('a fair queue', () => {
  it('lets addresses take turns, and connections within an address', async () => {
    const { order, enter, free } = await busyQueue()
    const turns = [
      enter('a1', ['a', 1]),
      enter('a1 again', ['a', 1]),
      enter('a1 third', ['a', 1]),
      enter('a2', ['a', 2]),
      enter('b1', ['b', 1]),
    ]
    free()
    await Promise.all(turns)
    expect(order).toEqual(['a1', 'b1', 'a2', 'a1 again', 'a1 third'])
  })

  it('uses all slots, and no more', async () => {
    const queue = new FairQueue(2)
    let running = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 10 }, async (_item, party) => {
        using _ = await queue.enter([party], never)
        most = Math.max(most, (running += 1))
        await Promise.resolve()
        running -= 1
      }),
    )
    expect(most).toBe(2)
  })

  it('drops an entry whose signal aborts', async () => {
    const { order, enter, free } = await busyQueue()
    const leaving = new AbortController()
    const left = enter('left', ['a', 1], leaving.signal)
    const stayed = enter('stayed', ['a', 2])
    leaving.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    await expect(enter('late', ['a', 1], leaving.signal)).rejects.toThrow('gone')
    free()
    await stayed
    expect(order).toEqual(['stayed'])
  })

  it('lets an entry pass in its turn, without a slot', async () => {
    const { queue, order, enter, free } = await busyQueue()
    const passed = queue.pass(['a'], never).then(() => order.push('passed'))
    const entered = enter('entered', ['b'])
    await Promise.resolve()
    expect(order).toEqual([])
    free()
    await Promise.all([passed, entered])
    expect(order).toEqual(['passed', 'entered'])
  })

  it('frees a slot once, also if the turn is disposed twice', async () => {
    const { order, enter, free } = await busyQueue()
    free()
    free()
    await Promise.all([enter('a', ['a']), enter('b', ['b'])])
    expect(order).toEqual(['a', 'b'])
  })
})
