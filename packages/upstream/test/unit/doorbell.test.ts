import { describe, expect, it } from 'vitest'
import { Doorbell } from '../../src/questions/doorbell.ts'

const never = new AbortController().signal

async function elapsed(work: Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work
  return performance.now() - started
}

describe('Doorbell', () => {
  it('wakes everybody who waits for the key, and nobody else', async () => {
    const bell = new Doorbell()
    const woken: string[] = []
    const wait = (key: string, name: string) =>
      bell.wait(key, 200, never).then(() => woken.push(name))
    const all = [wait('a', 'a1'), wait('a', 'a2'), wait('b', 'b1')]
    bell.ring('a')
    await Promise.all(all.slice(0, 2))
    expect(woken).toEqual(['a1', 'a2'])
    await all[2]
    expect(woken).toContain('b1')
  })

  it('ends when the time is over', async () => {
    expect(await elapsed(new Doorbell().wait('a', 50, never))).toBeGreaterThan(40)
  })

  it('ends when the signal says so, also before it began', async () => {
    const stop = new AbortController()
    const waiting = elapsed(new Doorbell().wait('a', 5000, stop.signal))
    stop.abort()
    expect(await waiting).toBeLessThan(1000)
    expect(await elapsed(new Doorbell().wait('a', 5000, stop.signal))).toBeLessThan(1000)
  })

  it('tells who cannot be waited for, so that nobody asks in a circle', async () => {
    const bell = new Doorbell()
    const stop = new AbortController()
    const all = Array.from({ length: 10_000 }, () => bell.wait('a', 5000, stop.signal))
    expect(await bell.wait('a', 5000, stop.signal)).toBe(false)
    stop.abort()
    expect(await Promise.all(all)).not.toContain(false)
  })

  it('remembers no ring', async () => {
    const bell = new Doorbell()
    bell.ring('a')
    expect(await elapsed(bell.wait('a', 50, never))).toBeGreaterThan(40)
  })
})
