import { describe, expect, it } from 'vitest'
import { RateLimit } from '../../src/http/rate-limit.ts'

describe('RateLimit', () => {
  it('counts the requests of each address per minute', () => {
    let now = 0
    const limit = new RateLimit(2, () => now)
    const ask = (address: string) => limit.secondsToWait(address)
    expect([ask('a'), ask('a'), ask('b')]).toEqual([0, 0, 0])
    now = 45_500
    expect([ask('a'), ask('b'), ask('b')]).toEqual([15, 0, 15])
    now = 60_000
    expect(ask('a')).toBe(0)
  })

  it('never returns a wait of less than a second to a limited address', () => {
    let now = 0
    const limit = new RateLimit(1, () => now)
    limit.secondsToWait('a')
    now = 59_999
    expect(limit.secondsToWait('a')).toBe(1)
  })

  it('does not limit requests when it is 0', () => {
    const limit = new RateLimit(0, () => 0)
    for (let request = 0; request < 5000; request++) expect(limit.secondsToWait('a')).toBe(0)
  })

  it('resets its counts when the clock is set back', () => {
    let now = 1_000_000
    const limit = new RateLimit(1, () => now)
    limit.secondsToWait('a')
    now = 0
    expect(limit.secondsToWait('a')).toBe(0)
  })
})
