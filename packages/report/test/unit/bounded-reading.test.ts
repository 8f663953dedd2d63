import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NewestFirst } from '../../src/read/newest-first.ts'
import { readInputs } from '../../src/read/read-inputs.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-bounded-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('what reading may not keep', () => {
  it('a buffer for every file', async () => {
    const files = Array.from({ length: 20 }, (_, n) => join(folder, `pod-${n}.log`))
    for (const path of files) await writeFile(path, '[07:56:21 INF] Application started\n')
    const { sources } = await readInputs(files.map((path) => ({ path, labels: {} })))
    expect(sources).toHaveLength(20)
    expect(new Set(sources.map(({ buf }) => buf.buffer)).size).toBeLessThanOrEqual(2)
  })

  it('more pods apart than a network has', async () => {
    const path = join(folder, 'pods.log')
    const line = (n: number) => `[pod/relay-${n}/relay] [07:56:21 INF] Application started\n`
    await writeFile(path, Array.from({ length: 3_000 }, (_, n) => line(n)).join(''))
    const inputs = await readInputs([{ path, labels: {} }])
    expect(inputs.sources.length).toBeLessThanOrEqual(1_001)
    expect(inputs.sources.reduce((sum, { lines }) => sum + lines, 0)).toBe(3_000)
  })
})

describe('an export that begins with the newest line', () => {
  /** Half a segment, so that a few lines fill many. */
  const LONG = 'x'.repeat(30_000)

  it('comes out oldest first, whatever does not fit into memory', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('', 'short', LONG), { maxLength: 40 }), (texts) => {
        const seen: { text: string; line: number; shortened: boolean }[] = []
        const turned = new NewestFirst((buf, start, end, line, shortened) => {
          seen.push({ text: buf.toString('utf8', start, end), line, shortened })
        }, 1)
        const given = texts.map((text, n) => ({ text, line: n + 1, shortened: text === LONG }))
        for (const { text, line, shortened } of given)
          turned.add(Buffer.from(text), 0, text.length, line, shortened)
        turned.finish()
        expect(seen).toEqual(given.toReversed())
      }),
      { numRuns: 30 },
    )
  })

  it('leaves no temporary file behind', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('warren-report-'))
    const turned = new NewestFirst(() => undefined, 1)
    for (let n = 0; n < 10; n++) turned.add(Buffer.from(LONG), 0, LONG.length, n, false)
    turned.finish()
    const after = (await readdir(tmpdir())).filter((name) => name.startsWith('warren-report-'))
    expect(after.filter((name) => !before.includes(name))).toEqual([])
  })
})
