import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'

import { ByteBudget, ByteBudgetError } from '../../../src/http/byte-budget.ts'

const never = new AbortController().signal

function budget(options: Partial<ConstructorParameters<typeof ByteBudget>[0]> = {}) {
  return new ByteBudget({ total: 100, perParty: 40, maxWaiting: 3, waitMs: 5_000, ...options })
}

/** Names of the reservations in the order in which they are granted. */
function granted(order: string[], name: string, reservation: Promise<Disposable>) {
  return reservation.then((held) => {
    order.push(name)
    return held
  })
}

describe('a byte budget', () => {
  it('lets a party that holds its share wait for itself, and not for the others', async () => {
    const shared = budget()
    const first = await shared.reserve('a', 40, never)
    const order: string[] = []
    const second = granted(order, 'a', shared.reserve('a', 1, never))
    await granted(order, 'b', shared.reserve('b', 40, never))
    expect(order).toEqual(['b'])
    first[Symbol.dispose]()
    await second
    expect(order).toEqual(['b', 'a'])
  })

  it('never holds more than its total, and grants in order of arrival', async () => {
    const shared = budget()
    const a = await shared.reserve('a', 40, never)
    await shared.reserve('b', 40, never)
    const order: string[] = []
    const large = granted(order, 'large', shared.reserve('c', 40, never))
    const small = granted(order, 'small', shared.reserve('d', 10, never))
    await delay(10)
    expect(shared.held).toBe(80)
    expect(order).toEqual([])
    a[Symbol.dispose]()
    await Promise.all([large, small])
    expect(order).toEqual(['large', 'small'])
    expect(shared.held).toBe(90)
  })

  it('counts more than a share as the whole share', async () => {
    const shared = budget()
    await shared.reserve('a', 1_000, never)
    expect(shared.held).toBe(40)
  })

  it('rejects a party that waits too often, and a request that waits too long', async () => {
    const shared = budget({ waitMs: 50 })
    await shared.reserve('a', 40, never)
    const waiting = Array.from({ length: 3 }, () => shared.reserve('a', 1, never))
    const outcomes = Promise.allSettled(waiting)
    await expect(shared.reserve('a', 1, never)).rejects.toThrow(ByteBudgetError)
    const reasons = (await outcomes).map((outcome) => outcome.status)
    expect(reasons).toEqual(['rejected', 'rejected', 'rejected'])
    await shared.reserve('b', 40, never)
  })

  it('forgets a request whose client has disconnected, and releases only once', async () => {
    const shared = budget({ total: 40 })
    const held = await shared.reserve('a', 40, never)
    const gone = new AbortController()
    const large = shared.reserve('b', 40, gone.signal)
    const small = shared.reserve('c', 10, never)
    gone.abort()
    await expect(large).rejects.toThrow()
    held[Symbol.dispose]()
    held[Symbol.dispose]()
    await small
    expect(shared.held).toBe(10)
  })
})
