import { describe, expect, it } from 'vitest'
import { FailureStreak } from '../../src/index.ts'

function streakAt(start = 0) {
  const clock = { at: start }
  return { clock, streak: new FailureStreak(() => clock.at) }
}

describe('FailureStreak', () => {
  it('logs the first failure of each cause in full, and a summary every ten minutes', () => {
    const { clock, streak } = streakAt()
    const logged = Array.from({ length: 61 }, (_, minute) => {
      clock.at = minute * 60_000
      return streak.fail(minute === 5 ? 'HTTP_503' : 'HTTP_401').log
    })
    expect(logged.indexOf('full')).toBe(0)
    expect(logged.filter((log) => log === 'full')).toHaveLength(2)
    expect(logged.flatMap((log, minute) => (log === 'summary' ? [minute] : []))).toEqual([
      15, 25, 35, 45, 55,
    ])
  })

  it('counts the failures that a success ends', () => {
    const { clock, streak } = streakAt(1000)
    expect(streak.succeed()).toBeUndefined()
    streak.fail('HTTP_401')
    clock.at = 2000
    expect(streak.fail('HTTP_401')).toEqual({ log: 'none', failures: 2, since: 1000 })
    expect(streak.succeed()).toMatchObject({ failures: 2, since: 1000, logged: true })
    expect(streak.succeed()).toBeUndefined()
  })

  it('logs a bounded number of lines if failures and successes alternate', () => {
    const { clock, streak } = streakAt()
    let lines = 0
    for (let second = 0; second < 3600; second += 10) {
      clock.at = second * 1000
      if (streak.fail('ECONNRESET').log !== 'none') lines += 1
      if (streak.succeed()?.logged === true) lines += 1
    }
    expect(lines).toBeLessThanOrEqual(6 * 2 * 4)
    expect(lines).toBeGreaterThanOrEqual(6)
  })

  it('does not grow with the number of causes', () => {
    const { streak } = streakAt()
    for (let cause = 0; cause < 1000; cause += 1) streak.fail(`cause ${cause}`)
    expect(streak.fail('another one').log).toBe('none')
  })
})
