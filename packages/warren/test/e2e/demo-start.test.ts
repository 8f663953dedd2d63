import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { until } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { VirtualTerminal } from '../virtual-terminal.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-demo-start-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

function start(options: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { npm_lifecycle_script: _, NO_COLOR: __, FORCE_COLOR: ___, ...inherited } = process.env
  const child = spawn(process.execPath, [MAIN, 'demo', ...options], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => {
    if (child.exitCode === null) child.kill('SIGKILL')
  })
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code)),
  )
  return { child, ended }
}

async function run(...options: readonly string[]) {
  const { child, ended } = start(options)
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { stdout, stderr, code }
}

describe('a demo that cannot start', () => {
  it('reports a database that does not respond within seconds, in terms of its options', async () => {
    const { stderr, code } = await run(
      '--folder',
      join(folder, 'store'),
      '--store',
      'postgres://me@127.0.0.1:1/warren',
    )
    expect(code).toBe(69)
    const [error, hint, ...rest] = stderr.trimEnd().split('\n')
    expect(error).toMatch(/^error: the demo failed while starting the relay: .*ECONNREFUSED/)
    expect(hint).toMatch(/^hint: .*--store/)
    expect(rest).toEqual([])
    expect(stderr).not.toContain('RELAY_')
  }, 30_000)

  it('reports an option with a wrong value', async () => {
    const { stderr, code } = await run('--folder', join(folder, 'wrong'), '--store', 'nonsense')
    expect(code).toBe(78)
    expect(stderr).toMatch(
      /^error: the demo failed while starting the relay: --store: .*\nhint: .*\.\n$/,
    )
  }, 30_000)

  it('reports a folder that cannot be used', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    const { stderr, code } = await run('--folder', join(file, 'demo'))
    expect(code).toBe(69)
    expect(stderr).toMatch(
      /^error: the demo failed while preparing the folder: .*ENOTDIR.*\nhint: .*--folder.*\n$/,
    )
  })

  it('reports that another demo uses the folder, and leaves that one alone', async () => {
    const shared = join(folder, 'shared')
    const first = start(['--folder', shared])
    let screen = ''
    first.child.stdout.on('data', (chunk) => (screen += String(chunk)))
    await until(() => screen.includes('Ctrl-C'), { timeoutMs: 60_000 })
    const { stderr, code } = await run('--folder', shared, '--once')
    expect(code).toBe(69)
    expect(stderr).toContain(`another demo uses the folder ${shared}`)
    const [, ready] = /curl -s (\S+\/readyz)/.exec(screen) ?? []
    expect((await fetch(String(ready))).status).toBe(200)
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
  }, 90_000)

  it('ends at once with Ctrl-C while it starts', async () => {
    const { child, ended } = start([
      '--folder',
      join(folder, 'stopped'),
      '--store',
      'postgres://me@127.0.0.1:1/warren',
    ])
    let screen = ''
    child.stdout.on('data', (chunk) => (screen += String(chunk)))
    await until(() => screen.includes('A network in this process'), { timeoutMs: 30_000 })
    child.kill('SIGINT')
    expect(await ended).toBe(130)
  }, 60_000)
})

// The one of util-linux: other systems have a program of this name with other options.
const SCRIPT = '/usr/bin/script'
const hasScript = process.platform === 'linux' && existsSync(SCRIPT)

describe.skipIf(!hasScript)('the demo on a terminal', () => {
  const script = (command: string): readonly string[] => ['-qec', command, '/dev/null']

  it.each([60, 80])(
    'never wraps a line nor leaves a stale one at %i columns',
    async (columns) => {
      const own = join(folder, `terminal-${columns}`)
      const command = `stty cols ${columns}; '${process.execPath}' '${MAIN}' demo --once --folder '${own}'`
      const { COLUMNS: _, ...env } = process.env
      const child = spawn(SCRIPT, script(command), { env: { ...env, TERM: 'xterm-256color' } })
      const terminal = new VirtualTerminal(columns)
      child.stdout.on('data', (chunk) => terminal.write(String(chunk)))
      const code = await new Promise((resolve) => child.once('exit', resolve))
      const screen = terminal.lines.join('\n')
      expect(code).toBe(0)
      expect(terminal.wraps).toBe(0)
      expect(screen.match(/● asked/g)).toHaveLength(6)
      expect(screen).not.toContain('○')
      expect(screen).not.toContain('…')
      expect(screen.replaceAll(/\s+/g, ' ').match(/answered by [34] of 4 nodes/g)).toHaveLength(6)
    },
    90_000,
  )

  it('puts an error on a line of its own', async () => {
    const own = join(folder, 'terminal-error')
    const command = `stty cols 200; '${process.execPath}' '${MAIN}' demo --folder '${own}' --store postgres://me@127.0.0.1:1/x`
    const { COLUMNS: _, ...env } = process.env
    const child = spawn(SCRIPT, script(command), { env: { ...env, TERM: 'xterm' } })
    const terminal = new VirtualTerminal(200)
    child.stdout.on('data', (chunk) => terminal.write(String(chunk)))
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(69)
    expect(terminal.lines[1]).toMatch(/^error: the demo failed while starting the relay: /)
    expect(terminal.lines[2]).toMatch(/^hint: /)
  }, 30_000)
})
