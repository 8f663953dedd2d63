import { describe, expect, it } from 'vitest'

import { until } from '../../src/index.ts'

describe('until', () => {
  it('returns the value of the condition', async () => {
    let checks = 0
    expect(await until(() => (checks++ < 2 ? undefined : 'here'), { everyMs: 1 })).toBe('here')
    expect(checks).toBe(3)
  })

  it('checks again after an error, and includes the last one in the timeout error', async () => {
    const failing = until(() => Promise.reject(new Error('no route')), {
      timeoutMs: 20,
      everyMs: 5,
      what: 'the broker',
    })
    await expect(failing).rejects.toMatchObject({
      message: 'timed out after 20 ms while waiting for the broker',
      cause: { message: 'no route' },
    })
  })
})
