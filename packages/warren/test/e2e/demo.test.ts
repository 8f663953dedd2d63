import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'

import { until } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const execute = promisify(execFile)
const MAIN = join(import.meta.dirname, '../../src/main.ts')

let folder: string
const children: ChildProcess[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-demo-'))
})

afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

function demo(name: string, ...options: readonly string[]) {
  const child = spawn(
    process.execPath,
    [MAIN, 'demo', '--folder', join(folder, name), ...options],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  children.push(child)
  return child
}

/** The command that is printed below its purpose, on one line or several. */
function commandAfter(screen: string, purpose: string): string {
  const lines = screen.slice(screen.indexOf(purpose)).split('\n').slice(1)
  return lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('     ')),
    )
    .join('\n')
}

interface DemoDocument {
  questions: {
    name: string
    nodes: { node: string; status: string; count: number }[]
    trueCount: number
    combined: { status: string; count: number; message: string }
    ms: number
  }[]
}

describe('warren demo', () => {
  it('stops after the questions with --once, and prints one document with --json', async () => {
    const child = demo('once', '--once', '--json')
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise((resolve) => child.once('exit', resolve)),
    ])
    expect(stderr).toContain('combined')
    expect(code).toBe(0)

    const { questions }: DemoDocument = JSON.parse(stdout)
    const named = new Map(questions.map((question) => [question.name, question]))
    expect([...named.keys()]).toEqual([
      'common cohort',
      'rare cohort',
      'nested cohort',
      'away from a place',
      'demographics',
      'code distribution',
    ])
    for (const { nodes, combined, ms } of questions) {
      expect(nodes).toHaveLength(4)
      expect(combined.status).toBe('ok')
      expect(ms).toBeGreaterThan(0)
    }
    const common = named.get('common cohort')
    expect(common?.combined.count).toBe(common?.nodes.reduce((sum, { count }) => sum + count, 0))
    expect(Math.abs((common?.combined.count ?? 0) - (common?.trueCount ?? 0))).toBeLessThanOrEqual(
      20,
    )

    const rare = named.get('rare cohort')
    expect(rare?.nodes.some(({ count }) => count === 0)).toBe(true)
    expect(rare?.trueCount).toBeGreaterThan(rare?.combined.count ?? 0)

    const place = named.get('away from a place')
    expect(place?.nodes.map(({ status }) => status).toSorted()).toEqual(['error', 'ok', 'ok', 'ok'])
    expect(place?.combined.message).toMatch(/^answered by 3 of 4 nodes; 1 could not answer /)
  }, 90_000)

  it('runs until Ctrl-C, and prints commands that work: a question, a health probe, a report on its logs', async () => {
    const child = demo('stays')
    let screen = ''
    child.stdout.on('data', (chunk) => (screen += String(chunk)))
    const ended = new Promise((resolve) =>
      child.once('exit', (code, signal) => resolve(signal ?? code)),
    )
    await until(() => screen.includes('Ctrl-C'), { timeoutMs: 60_000 })

    const [, url] = /curl -s -X POST '([^']+)'/.exec(screen) ?? []
    const [, body] = /-d '([^']+)'/.exec(screen) ?? []
    const answer = await fetch(String(url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: String(body),
    })
    expect(answer.ok).toBe(true)
    expect(await answer.json()).toMatchObject({ state: 'answered', count: 2 })

    const [, ready] = /curl -s (\S+\/readyz)/.exec(screen) ?? []
    expect((await fetch(String(ready))).status).toBe(200)
    expect((await readdir(join(folder, 'stays', 'logs'))).toSorted()).toEqual([
      'bunny-lakeview.log',
      'bunny-northgate.log',
      'bunny-riverside.log',
      'bunny-st-brides.log',
      'relay.log',
      'upstream.log',
    ])

    // Typed in the folder where the demo was started.
    const command = commandAfter(screen, 'Find out from the logs')
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` }
    const script = `${command}; echo "exit code $?"`
    const { stdout } = await execute('sh', ['-c', script], { cwd: folder, env })
    // One hospital cannot answer one question.
    expect(stdout).toContain('exit code 1')
    expect(await readFile(join(folder, 'health.html'), 'utf8')).toContain('st-brides')

    child.kill('SIGINT')
    expect(await ended).toBe(0)
  }, 90_000)

  it('rejects --json without --once', async () => {
    const child = demo('usage', '--json')
    const [stderr, code] = await Promise.all([
      text(child.stderr),
      new Promise((resolve) => child.once('exit', resolve)),
    ])
    expect(stderr).toContain('--once')
    expect(code).toBe(64)
  })
})
