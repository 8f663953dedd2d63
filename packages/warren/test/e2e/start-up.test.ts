import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
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

// A container platform may run a program as any user. This one has no passwd entry.
const UNKNOWN_USER = '1000730000'
const asUnknownUser = await firstThatWorks([
  ['unshare', '--user', `--map-user=${UNKNOWN_USER}`],
  ['setpriv', `--reuid=${UNKNOWN_USER}`, '--regid=0', '--clear-groups'],
])

async function firstThatWorks(
  prefixes: readonly (readonly [string, ...string[]])[],
): Promise<readonly [string, ...string[]] | undefined> {
  for (const [program, ...options] of prefixes) {
    const works = await execute(program, [...options, process.execPath, '--version']).then(
      () => true,
      () => false,
    )
    if (works) return [program, ...options]
  }
  return undefined
}

/** Runs a command without any environment variable but PATH, and returns its exit code and output. */
async function runWithoutHome(args: readonly string[]): Promise<{ code: number; output: string }> {
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter)
  const [program, ...options] = asUnknownUser ?? ['false']
  const ended = await execute(program, [...options, process.execPath, MAIN, ...args], {
    cwd: folder,
    env: { PATH },
  }).then(
    (output) => ({ code: 0, ...output }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
  return { code: ended.code, output: ended.stdout + ended.stderr }
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

  it.skipIf(asUnknownUser === undefined).each([
    ['--help', 0, 'Usage: '],
    ['relay config check', 0, 'RELAY_STORE'],
    ['bunny config check', 78, 'TASK_API_USERNAME'],
    ['omop generate --persons 10 --to duckdb:omop.duckdb', 0, 'done: '],
    ['bunny omop generate --persons 10 --to duckdb:omop.duckdb --replace', 0, 'done: '],
    ['upstream serve --help', 0, 'Usage: '],
    ['demo --help', 0, 'Usage: '],
    ['report no-such.log', 64, 'no-such.log'],
  ])('works without HOME for a user without a passwd entry: %s', async (command, code, output) => {
    await chmod(folder, 0o777)
    const ended = await runWithoutHome(command.split(' '))
    expect(ended.output).toContain(output)
    expect(ended.code).toBe(code)
  })

  it('lists all commands, and suggests one for a typing error', async () => {
    const help = await warren(['--help'], folder)
    for (const name of ['demo', 'bunny', 'relay', 'upstream', 'report'])
      expect(help).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    await expect(warren(['reprot'], folder)).rejects.toThrow('Did you mean report?')
  })
})
