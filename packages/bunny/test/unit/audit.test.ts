import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countResult, distributionResult, errorResult, resultFile } from '@warren/task-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../src/audit/audit-entry.ts'
import { AuditDamaged, AuditLog } from '../../src/audit/audit-log.ts'
import { verifyAudit } from '../../src/audit/verify-audit.ts'
import { whatLeft } from '../../src/audit/what-left.ts'
import { systemClock } from '../../src/clock.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-audit-'))
})
afterEach(() => rm(folder, { recursive: true }))

const path = (name = 'audit.jsonl'): string => join(folder, name)
const openLog = (maxBytes = 1_000_000): Promise<AuditLog> =>
  AuditLog.open({ folder, maxBytes, version: '1', clock: systemClock })

function answered(taskId: string): AuditEvent {
  return {
    event: 'answered',
    taskId,
    asker: { owner: 'user1', collection: 'c', hub: 'relay.example.org' },
    question: { kind: 'availability', words: 'How many: men', sha256: 'x' },
    receivedAt: '2026-10-01T08:00:00.000Z',
    left: whatLeft(countResult({ uuid: taskId, collection: 'c' }, 30)),
    policy: { threshold: 10, nearest: 10 },
    version: '1',
  }
}

async function write(count: number, maxBytes?: number): Promise<void> {
  await using log = await openLog(maxBytes)
  for (let index = 1; index <= count; index += 1) await log.append(answered(`t${index}`))
}

const lines = async (name?: string): Promise<string[]> =>
  (await readFile(path(name), 'utf8')).trimEnd().split('\n')
const rewrite = (all: readonly string[]): Promise<void> =>
  writeFile(path(), all.map((line) => `${line}\n`).join(''))

describe('the audit record', () => {
  it('is a chain that goes on after a restart, readable only by its owner', async () => {
    await write(3)
    await write(2)
    const verdict = await verifyAudit(folder)
    expect(verdict).toMatchObject({ entries: 5, files: 1, problemCount: 0, hasTornLine: false })
    expect(verdict.end.seq).toBe(5)
    expect((await stat(path())).mode & 0o777).toBe(0o600)
  })

  it('keeps entries in the order in which they were appended at the same time', async () => {
    await using log = await openLog()
    const ends = await Promise.all(
      Array.from({ length: 50 }, (_, index) => log.append(answered(`t${index}`))),
    )
    expect(ends.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    expect((await verifyAudit(folder)).problemCount).toBe(0)
  })

  it('continues the chain in a new file when one is full, and deletes none', async () => {
    await write(40, 2000)
    await write(40, 2000)
    const names = await readdir(folder)
    expect(names.length).toBeGreaterThan(5)
    const verdict = await verifyAudit(folder)
    expect(verdict).toMatchObject({ files: names.length, problemCount: 0 })
    expect(verdict.entries).toBeGreaterThan(80)
  })

  it.each<[string, (all: string[]) => string[], RegExp]>([
    [
      'a changed number',
      (all) => all.with(2, all[2]?.replace('"count":30', '"count":40') ?? ''),
      /hash does not match/,
    ],
    ['a removed line', (all) => all.toSpliced(2, 1), /entry 3 is missing/],
    ['removed lines', (all) => all.toSpliced(1, 3), /entries 2 to 4 are missing/],
    ['a removed first line', (all) => all.slice(1), /entry 1 is missing/],
    [
      'reordered lines',
      (all) => all.with(2, all[3] ?? '').with(3, all[2] ?? ''),
      /missing|reordered/,
    ],
    ['a repeated line', (all) => all.toSpliced(3, 0, all[2] ?? ''), /reordered or repeated/],
    ['an added line', (all) => all.toSpliced(2, 0, '{"seq":3}'), /not an entry/],
    ['an emptied line', (all) => all.with(2, ''), /not an entry/],
  ])('detects %s', async (_what, change, problem) => {
    await write(6)
    await rewrite(change(await lines()))
    const verdict = await verifyAudit(folder)
    expect(verdict.problemCount).toBeGreaterThan(0)
    expect(verdict.problems.map((one) => one.problem).join('\n')).toMatch(problem)
  })

  it('detects an entry whose hash was computed again, by the entry after it', async () => {
    await write(3)
    const other = await mkdtemp(join(tmpdir(), 'warren-audit-'))
    try {
      await using log = await AuditLog.open({
        folder: other,
        maxBytes: 1e6,
        version: '1',
        clock: systemClock,
      })
      for (const id of ['t1', 'forged']) await log.append(answered(id))
      const forged = (await readFile(join(other, 'audit.jsonl'), 'utf8')).split('\n')[1] ?? ''
      await rewrite((await lines()).with(1, forged))
    } finally {
      await rm(other, { recursive: true })
    }
    const verdict = await verifyAudit(folder)
    expect(verdict.problems.map(({ at }) => at)).toEqual(['audit.jsonl:2', 'audit.jsonl:3'])
  })

  it('detects removed entries at the end, and a chain that was written again, with a noted end', async () => {
    await write(6)
    const { end } = await verifyAudit(folder)
    expect((await verifyAudit(folder, { expected: end })).problemCount).toBe(0)
    await rewrite((await lines()).slice(0, 4))
    expect((await verifyAudit(folder)).problemCount).toBe(0)
    expect((await verifyAudit(folder, { expected: end })).problems[0]?.problem).toMatch(
      /ends at entry 4, but it had 6/,
    )
    await rm(path())
    await write(8)
    expect((await verifyAudit(folder, { expected: end })).problems[0]?.problem).toMatch(
      /written again/,
    )
  })

  it('accepts a record whose older files were moved elsewhere, if that is said', async () => {
    await write(40, 2000)
    const [oldest = ''] = (await readdir(folder)).filter((name) => name !== 'audit.jsonl').sort()
    await rm(path(oldest))
    const next = Number(/\d+/.exec((await readdir(folder)).sort()[0] ?? '')?.[0])
    expect((await verifyAudit(folder)).problems[0]?.problem).toMatch(/missing/)
    expect((await verifyAudit(folder, { first: next })).problemCount).toBe(0)
  })

  it('repairs a line that a crash cut off at any place, and records that', async () => {
    await write(2)
    const whole = await readFile(path())
    await write(1)
    const next = (await readFile(path())).subarray(whole.length)
    for (const length of [1, 2, Math.floor(next.length / 2), next.length - 2, next.length - 1]) {
      await writeFile(path(), Buffer.concat([whole, next.subarray(0, length)]))
      expect((await verifyAudit(folder)).hasTornLine).toBe(true)
      await using log = await openLog()
      await log.append(answered('after'))
      const all = await lines()
      expect(all).toHaveLength(4)
      expect(all[2]).toContain(`${length} bytes removed`)
      expect(await verifyAudit(folder)).toMatchObject({ problemCount: 0, hasTornLine: false })
    }
  })

  it('repairs a first line that a crash cut off', async () => {
    await writeFile(path(), '{"seq":1,"ti')
    await write(1)
    expect(await verifyAudit(folder)).toMatchObject({ entries: 2, problemCount: 0 })
  })

  it('goes on after a crash between two files', async () => {
    await write(40, 2000)
    await rm(path())
    await write(1)
    expect((await verifyAudit(folder)).problemCount).toBe(0)
  })

  it('does not continue a record whose last entry is damaged', async () => {
    await write(2)
    await appendFile(path(), 'not an entry\n')
    await expect(openLog()).rejects.toThrow(AuditDamaged)
  })
})

describe('whatLeft', () => {
  const task = { uuid: 'u', collection: 'c' }

  it('has the number of an availability task, and the reason of an error', () => {
    expect(whatLeft(countResult(task, 30))).toEqual({
      status: 'ok',
      count: 30,
      message: '',
      files: [],
    })
    expect(whatLeft(errorResult(task, 'why'))).toMatchObject({
      status: 'error',
      count: 0,
      message: 'why',
    })
  })

  it('has the hash and the rows of each file, however it is encoded', () => {
    const text = 'CODE\tCOUNT\nOMOP:1\t20\nOMOP:2\t30'
    const files = [true, false].map((encode) =>
      resultFile({ name: 'code.distribution', text, description: '', sensitive: true, encode }),
    )
    const [encoded, readable] = whatLeft(distributionResult(task, 2, files)).files
    expect(encoded).toMatchObject({ name: 'code.distribution', rows: 2, bytes: text.length })
    expect(readable).toEqual(encoded)
  })
})
