import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const execute = promisify(execFile)

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-start-up-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function warren(args: readonly string[], caches: string): Promise<string> {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env
  const { stdout } = await execute(process.execPath, [MAIN, ...args], {
    env: { ...env, XDG_CACHE_HOME: caches, NO_COLOR: '1' },
  })
  return stdout
}

describe('starting a command', () => {
  it("caches compiled code in the user's own cache folder", async () => {
    await warren(['report', '--help'], folder)
    expect(await readdir(join(folder, 'warren'))).not.toEqual([])
  })

  it('works without a cache where the folder cannot be written', async () => {
    const file = join(folder, 'no-folder')
    await writeFile(file, '')
    expect(await warren(['report', '--help'], file)).toMatch(/^Usage: .* report \[options\]/)
  })

  it('lists all commands, and suggests one for a typing error', async () => {
    const help = await warren(['--help'], folder)
    for (const name of ['demo', 'bunny', 'relay', 'upstream', 'report'])
      expect(help).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    await expect(warren(['reprot'], folder)).rejects.toThrow('Did you mean report?')
  })
})
