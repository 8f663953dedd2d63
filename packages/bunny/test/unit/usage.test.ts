import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Usage } from '../../src/policy/usage.ts'

const TODAY = '2026-03-01'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-usage-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('the count of questions', () => {
  it('has every question on disk when several are counted at the same time', async () => {
    const path = join(folder, 'usage.json')
    for (let round = 1; round <= 20; round += 1) {
      const usage = await Usage.open(path)
      const keys = Array.from({ length: 10 }, (_, index) => `${round} ${index}`)
      await Promise.all(keys.map((key) => usage.count(key, 'user1', TODAY)))
      const stored = await Usage.open(path)
      expect(stored.read('user1', TODAY).owner).toEqual({ today: round * 10, total: round * 10 })
      expect(keys.filter((key) => !stored.has(key))).toEqual([])
    }
  })

  it('resolves once the question is on disk, also while another one is written', async () => {
    const path = join(folder, 'usage.json')
    const usage = await Usage.open(path)
    const first = usage.count('1', 'user1', TODAY)
    await usage.count('2', 'user1', TODAY)
    expect((await Usage.open(path)).has('2')).toBe(true)
    await first
  })

  it('rejects while the file cannot be written, and writes everything later', async () => {
    const path = join(folder, 'state', 'usage.json')
    const usage = await Usage.open(path)
    await expect(usage.count('1', 'user1', TODAY)).rejects.toThrow(/ENOENT/)
    await mkdir(join(folder, 'state'))
    await usage.count('2', 'user1', TODAY)
    expect((await Usage.open(path)).read('user1', TODAY).owner.total).toBe(2)
  })
})
