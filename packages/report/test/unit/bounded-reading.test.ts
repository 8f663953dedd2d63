import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { NewestFirst } from '../../src/read/newest-first.ts'
import { readInputs } from '../../src/sources/read-inputs.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-bounded-'))
})

afterEach(() => vi.unstubAllEnvs())
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('reading is bounded', () => {
  it('shares buffers between files', async () => {
    const files = Array.from({ length: 20 }, (_, n) => join(folder, `pod-${n}.log`))
    for (const path of files) await writeFile(path, '[07:56:21 INF] Application started\n')
    const { sources } = await readInputs(files.map((path) => ({ path, labels: {} })))
    expect(sources).toHaveLength(20)
    expect(new Set(sources.map(({ buf }) => buf.buffer)).size).toBeLessThanOrEqual(2)
  })

  it('limits the number of pods kept apart', async () => {
    const path = join(folder, 'pods.log')
    const line = (n: number) => `[pod/relay-${n}/relay] [07:56:21 INF] Application started\n`
    await writeFile(path, Array.from({ length: 3_000 }, (_, n) => line(n)).join(''))
    const inputs = await readInputs([{ path, labels: {} }])
    expect(inputs.sources.length).toBeLessThanOrEqual(1_001)
    expect(inputs.sources.reduce((sum, { lines }) => sum + lines, 0)).toBe(3_000)
  })
})

describe('an export that begins with the newest line', () => {
  /** Half a segment, so that a few lines fill several. */
  const LONG = 'x'.repeat(30_000)

  it('is read oldest first, even if it does not fit into memory', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('', 'short', LONG), { maxLength: 40 }), (texts) => {
        const seen: { text: string; line: number; shortened: boolean }[] = []
        const reversed = new NewestFirst((buf, start, end, line, shortened) => {
          seen.push({ text: buf.toString('utf8', start, end), line, shortened })
        }, 1)
        const given = texts.map((text, n) => ({ text, line: n + 1, shortened: text === LONG }))
        for (const { text, line, shortened } of given)
          reversed.add(Buffer.from(text), 0, text.length, line, shortened)
        reversed.finish()
        expect(seen).toEqual(given.toReversed())
      }),
      { numRuns: 30 },
    )
  })

  it('leaves no temporary file behind', async () => {
    const temporary = join(folder, 'temporary')
    await mkdir(temporary)
    vi.stubEnv('TMPDIR', temporary)
    const reversed = new NewestFirst(() => undefined, 1)
    for (let n = 0; n < 10; n++) reversed.add(Buffer.from(LONG), 0, LONG.length, n, false)
    expect(await readdir(temporary)).not.toEqual([])
    reversed.finish()
    expect(await readdir(temporary)).toEqual([])
  })
})
