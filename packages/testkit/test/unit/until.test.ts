import { describe, expect, it } from 'vitest'

import { until } from '../../src/index.ts'

describe('until', () => {
  it('returns what the condition came to', async () => {
    let looks = 0
    expect(await until(() => (looks++ < 2 ? undefined : 'here'), { everyMs: 1 })).toBe('here')
    expect(looks).toBe(3)
  })

  it('takes an error for not yet, and gives the last one as the cause when time is up', async () => {
    const failing = until(() => Promise.reject(new Error('no route')), {
      timeoutMs: 20,
      everyMs: 5,
      what: 'the broker',
    })
    await expect(failing).rejects.toMatchObject({
      message: 'waited 20 ms in vain for the broker',
      cause: { message: 'no route' },
    })
  })
})
