import { describe, expect, it } from 'vitest'

import { VhostPool } from '../../src/manager/vhost-pool.ts'

describe('VhostPool', () => {
  it('returns every name once, even to concurrent callers', async () => {
    const made: string[] = []
    const pool = new VhostPool(async (names) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      made.push(...names)
    })
    const taken = await Promise.all(Array.from({ length: 30 }, () => pool.take()))
    expect(new Set(taken).size).toBe(30)
    expect(made).toEqual(expect.arrayContaining(taken))
  })

  it('fails if the broker fails, and tries again for the next caller', async () => {
    let working = false
    const pool = new VhostPool(() =>
      working ? Promise.resolve() : Promise.reject(new Error('broker down')),
    )
    await expect(pool.take()).rejects.toThrow('broker down')
    working = true
    expect(await pool.take()).toMatch(/^test-\d+$/)
  })
})
