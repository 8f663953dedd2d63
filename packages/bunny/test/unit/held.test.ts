import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HeldFolder, KEPT_FOR_MS, type HeldQuestion } from '../../src/held/held-folder.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-held-'))
})
afterEach(() => rm(folder, { recursive: true }))

const NOW = Date.parse('2026-10-01T12:00:00Z')
const id = (owner: string, sha256 = 's'): string => HeldFolder.idOf({ owner, sha256 })
const held = (owner: string, at = NOW): HeldQuestion => ({
  format: 1,
  id: id(owner),
  taskId: 't',
  collection: 'c',
  owner,
  kind: 'AVAILABILITY',
  words: 'How many: men',
  reason: 'every question needs approval',
  receivedAt: new Date(at).toISOString(),
  answerBy: new Date(at + 240_000).toISOString(),
  body: {},
})
const by = (name: string) =>
  ({ decision: 'release', by: name, at: new Date(NOW).toISOString() }) as const

describe('HeldFolder', () => {
  it('lists held questions, oldest first, in files that only the owner can read', async () => {
    const questions = new HeldFolder(join(folder, 'held'))
    expect(await questions.list()).toEqual([])
    await questions.hold(held('second', NOW + 1), NOW)
    await questions.hold(held('first'), NOW)
    expect((await questions.list()).map((one) => one.question.owner)).toEqual(['first', 'second'])
    const file = join(folder, 'held', `${id('first')}.json`)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('keeps the first of many decisions that are made at the same time', async () => {
    const questions = new HeldFolder(folder)
    await questions.hold(held('user1'), NOW)
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        new HeldFolder(folder).decide(id('user1'), by(`op${index}`)),
      ),
    )
    expect(made.filter((isFirst) => isFirst)).toHaveLength(1)
    expect((await questions.decisionOn(id('user1')))?.by).toBe(`op${made.indexOf(true)}`)
  })

  it('keeps a decision when the question arrives again', async () => {
    const questions = new HeldFolder(folder)
    await questions.hold(held('user1'), NOW)
    await questions.decide(id('user1'), by('op'))
    await questions.hold(held('user1', NOW + 1000), NOW + 1000)
    expect((await questions.find(id('user1')))?.decision?.by).toBe('op')
  })

  it('removes decisions and undecided questions after 7 days', async () => {
    const questions = new HeldFolder(folder)
    await questions.hold(held('user1'), NOW)
    await questions.decide(id('user1'), by('op'))
    await questions.hold(held('user2'), NOW)
    const later = NOW + KEPT_FOR_MS + 1
    await questions.hold(held('user3', later), later)
    expect((await questions.list()).map((one) => one.question.owner)).toEqual(['user3'])
    expect(await questions.decisionOn(id('user1'))).toBeUndefined()
  })

  it('finds nothing for text that is not an ID, and passes over files that are not questions', async () => {
    const questions = new HeldFolder(folder)
    await writeFile(join(folder, '000000000000.json'), '{')
    await writeFile(join(folder, 'secret.json'), JSON.stringify(held('user1')))
    expect(await questions.find('../secret')).toBeUndefined()
    expect(await questions.find('000000000000')).toBeUndefined()
    expect(await questions.list()).toEqual([])
  })
})
