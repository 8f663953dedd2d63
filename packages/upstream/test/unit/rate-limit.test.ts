import { describe, expect, it } from 'vitest'
import { RateLimit } from '../../src/http/rate-limit.ts'

describe('RateLimit', () => {
  it('counts each address by itself, a minute at a time', () => {
    let now = 0
    const limit = new RateLimit(2, () => now)
    const ask = (address: string) => limit.secondsToWait(address)
    expect([ask('a'), ask('a'), ask('b')]).toEqual([0, 0, 0])
    now = 45_500
    expect([ask('a'), ask('b'), ask('b')]).toEqual([15, 0, 15])
    now = 60_000
    expect(ask('a')).toBe(0)
  })

  it('never says to come back after no time at all', () => {
    let now = 0
    const limit = new RateLimit(1, () => now)
    limit.secondsToWait('a')
    now = 59_999
    expect(limit.secondsToWait('a')).toBe(1)
  })

  it('limits nobody when set to 0', () => {
    const limit = new RateLimit(0, () => 0)
    for (let request = 0; request < 5000; request++) expect(limit.secondsToWait('a')).toBe(0)
  })

  it('starts afresh when the clock is set back', () => {
    let now = 1_000_000
    const limit = new RateLimit(1, () => now)
    limit.secondsToWait('a')
    now = 0
    expect(limit.secondsToWait('a')).toBe(0)
  })
})
