import { describe, expect, it } from 'vitest'

import { Backoff, sleep, untilAborted } from '../../src/index.ts'

describe('Backoff', () => {
  it('doubles up to the maximum, and restarts after a success', () => {
    const backoff = new Backoff({ initialMs: 1_000, maxMs: 5_000, random: () => 0 })
    expect([
      backoff.next(),
      backoff.next(),
      backoff.next(),
      backoff.next(),
      backoff.next(),
    ]).toEqual([1_000, 2_000, 4_000, 5_000, 5_000])
    backoff.reset()
    expect(backoff.next()).toBe(1_000)
  })

  it('subtracts up to a fifth at random', () => {
    const backoff = new Backoff({ initialMs: 1_000, maxMs: 1_000, random: () => 0.999 })
    expect(backoff.next()).toBe(800)
  })

  it('grows and varies as configured', () => {
    const backoff = new Backoff({
      initialMs: 100,
      maxMs: 10_000,
      factor: 10,
      jitter: 0.5,
      random: () => 0.5,
    })
    expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([75, 750, 7_500])
  })

  it('never waits longer than the maximum, even the first time', () => {
    expect(new Backoff({ initialMs: 60_000, maxMs: 5_000, random: () => 0 }).next()).toBe(5_000)
  })
})

describe('sleep', () => {
  it('waits', async () => {
    const start = performance.now()
    await sleep(30)
    expect(performance.now() - start).toBeGreaterThan(25)
  })

  it('ends early, without an error, if aborted', async () => {
    const stop = new AbortController()
    const sleeping = sleep(3_600_000, stop.signal)
    stop.abort()
    await sleeping
    await sleep(3_600_000, stop.signal)
  })

  it('does not return immediately from a wait longer than the longest timer', async () => {
    const stop = new AbortController()
    let woke = false
    const sleeping = sleep(2 ** 40, stop.signal).then(() => (woke = true))
    await sleep(20)
    expect(woke).toBe(false)
    stop.abort()
    await sleeping
  })
})

describe('untilAborted', () => {
  it('resolves when the signal is aborted, or was aborted before', async () => {
    const stop = new AbortController()
    const waiting = untilAborted(stop.signal)
    stop.abort()
    await waiting
    await untilAborted(stop.signal)
  })
})
