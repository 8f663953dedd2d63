import { describe, expect, it } from 'vitest'
import { KeyedSignal } from '../../src/questions/keyed-signal.ts'

const never = new AbortController().signal

async function elapsed(work: Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work
  return performance.now() - started
}

describe('KeyedSignal', () => {
  it('wakes every request that waits for the key, and no other', async () => {
    const signal = new KeyedSignal()
    const woken: string[] = []
    const wait = (key: string, name: string) =>
      signal.wait(key, 200, never).then(() => woken.push(name))
    const all = [wait('a', 'a1'), wait('a', 'a2'), wait('b', 'b1')]
    signal.notify('a')
    await Promise.all(all.slice(0, 2))
    expect(woken).toEqual(['a1', 'a2'])
    await all[2]
    expect(woken).toContain('b1')
  })

  it('stops waiting after the given time', async () => {
    expect(await elapsed(new KeyedSignal().wait('a', 50, never))).toBeGreaterThan(40)
  })

  it('stops waiting when the abort signal fires, even beforehand', async () => {
    const stop = new AbortController()
    const waiting = elapsed(new KeyedSignal().wait('a', 20_000, stop.signal))
    stop.abort()
    expect(await waiting).toBeLessThan(10_000)
    expect(await elapsed(new KeyedSignal().wait('a', 20_000, stop.signal))).toBeLessThan(10_000)
  })

  it('returns false at once when too many requests wait', async () => {
    const signal = new KeyedSignal()
    const stop = new AbortController()
    const all = Array.from({ length: 10_000 }, () => signal.wait('a', 20_000, stop.signal))
    expect(await signal.wait('a', 20_000, stop.signal)).toBe(false)
    stop.abort()
    expect(await Promise.all(all)).not.toContain(false)
  })

  it('does not keep notifications', async () => {
    const signal = new KeyedSignal()
    signal.notify('a')
    expect(await elapsed(signal.wait('a', 50, never))).toBeGreaterThan(40)
  })
})
