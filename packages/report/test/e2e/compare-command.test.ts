import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { pairs } from '../../corpus/pairs/pairs.ts'
import { collect } from '../../corpus/scenarios/collect.ts'
import { writeFiles } from '../../corpus/scoring/write-files.ts'
import { reportDocumentSchema } from '../../src/document/report-document.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const PAIRS = { fixed: 'name-resolution: fixed (ours)', back: 'name-resolution: back (ours)' }

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-compare-command-'))
  for (const [name, title] of Object.entries(PAIRS)) {
    const pair = pairs().find((one) => one.name === title)
    if (pair === undefined) throw new Error(`no pair ${title}`)
    writeFiles(join(folder, name, 'before'), collect(pair.before))
    writeFiles(join(folder, name, 'after'), collect(pair.after))
  }
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function report(...options: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...options, '--quiet'], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
  })
  child.stdin.end()
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { stdout, stderr, code: await ended }
}

describe('warren report --against', () => {
  it('compares with a saved report as with its logs: gone, exit code 0', async () => {
    expect((await report('fixed/before', '--output', 'earlier.json')).code).toBe(1)
    const saved = await report('fixed/after', '--against', 'earlier.json')
    const logs = await report('fixed/after', '--against', 'fixed/before')
    expect(saved.stdout).toMatch(/^✓ Are the earlier failures gone\? Yes\./)
    expect(saved.stdout).toBe(logs.stdout)
    expect([saved.code, logs.code]).toEqual([0, 0])
  })

  it('exits with 1 if a failure came back, and writes the same answer into JSON', async () => {
    const { stdout, code } = await report(
      'back/after',
      '--against',
      'back/before',
      '--format',
      'json',
    )
    const { comparison } = reportDocumentSchema.parse(JSON.parse(stdout))
    expect(comparison?.failures.map(({ outcome }) => outcome)).toContain('came-back')
    expect(code).toBe(1)
  })

  it('exits with 2 if it cannot tell, and names the log that would', async () => {
    const { stdout, code } = await report(
      'fixed/after/relay',
      '--against',
      'fixed/before',
      '--until',
      '2025-09-27T06:31:00Z',
    )
    expect(stdout).toContain('Are the earlier failures gone? Unknown')
    expect(stdout).toContain('kubectl -n NAMESPACE logs')
    expect([1, 2]).toContain(code)
  })

  it('reads a folder that also contains the earlier lines from their end on', async () => {
    const { stdout, code } = await report('fixed', '--against', 'fixed/before')
    expect(stdout).toMatch(/^✓ Are the earlier failures gone\? Yes\./)
    expect(code).toBe(0)
  })

  it('compares before and after a time within one set of logs', async () => {
    const { stdout, code } = await report('fixed', '--since-fix', '2025-09-27T00:00')
    expect(stdout).toMatch(/^✓ Are the earlier failures gone\? Yes\./)
    expect(code).toBe(0)
    const early = await report('fixed/before', '--since-fix', '2025-09-26T06:35')
    expect(early.stdout).toContain('There are new failures')
    expect(early.code).toBe(1)
  })

  it('writes a page with the section', async () => {
    await report('fixed/after', '--against', 'fixed/before', '--output', 'page.html')
    expect(await readFile(join(folder, 'page.html'), 'utf8')).toContain(
      'Are the earlier failures gone?',
    )
  })

  it.each([
    [['fixed/before', '--against', 'fixed/after'], 'not later than the end'],
    [['fixed/after', '--against', 'nowhere'], 'nowhere does not exist'],
    [['fixed/after', '--against', 'broken.json'], 'not a JSON document'],
    [['fixed/after', '--against', 'old.json'], 'not a Warren report of version 1'],
    [
      ['fixed/after', '--against', 'fixed/before', '--since-fix', '2025-09-27'],
      'cannot be combined',
    ],
    [['fixed/after', '--since-fix', 'tomorrow'], 'is not a time'],
    [['fixed/after', '--since-fix', '2026-01-01'], 'no line after'],
    [['-', '--since-fix', '2026-01-01'], 'cannot be combined with standard input'],
    [
      ['fixed/after', '--follow', '--since-fix', '2026-01-01'],
      'cannot be combined with --since-fix',
    ],
  ])('rejects %j with exit code 64 and a reason', async (options, reason) => {
    await writeFile(join(folder, 'broken.json'), '{"document": "warren-report", "version"')
    await writeFile(join(folder, 'old.json'), '{"document": "warren-report", "version": "0.9"}')
    const { stderr, code } = await report(...options)
    expect(stderr).toContain(reason)
    expect(code).toBe(64)
  })
})
