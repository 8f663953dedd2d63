import { spawn } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'

import { until } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { collect } from '../../corpus/scenarios/collect.ts'
import { halfHours } from '../../corpus/scenarios/half-hour.ts'
import { reportDocumentSchema } from '../../src/document/report-document.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-report-command-'))
  for (const name of ['healthy-half-hour', 'password-changed', 'dns-outage', 'balancer-502']) {
    const scenario = halfHours().find((candidate) => candidate.name === name)
    if (scenario === undefined) throw new Error(`no scenario ${name}`)
    for (const { path, bytes } of collect(scenario)) {
      await mkdir(dirname(join(folder, name, path)), { recursive: true })
      await writeFile(join(folder, name, path), bytes)
    }
  }
  await mkdir(join(folder, 'no-logs'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

function start(...options: readonly string[]) {
  return spawn(process.execPath, [MAIN, ...options], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
  })
}

async function report(options: readonly string[], stdin?: Buffer) {
  const child = start(...options)
  child.stdin.end(stdin)
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { stdout, stderr, code: await ended }
}

describe('warren report', () => {
  it('reports the healthy half hour as healthy, explains the probes and the connection churn, and exits with 0', async () => {
    const { stdout, stderr, code } = await report(['healthy-half-hour'])
    expect(stdout).toContain('✓ Healthy')
    expect(stdout).toMatch(
      /All \d+ requests from 3 clients succeeded, and no log contains a failure/,
    )
    expect(stdout).toContain('health probes without credentials (harmless)')
    expect(stdout).toContain('a new broker connection for every poll')
    expect(stderr).toContain('.NET relay text')
    expect(code).toBe(0)
  })

  it.each([
    ['password-changed', 'site-b: wrong password', 'site-b (site)'],
    ['dns-outage', 'host name of the relay does not resolve', 'site-a (site)'],
    ['balancer-502', '502', 'network'],
  ])(
    'reports for %s what is wrong and who must act, and exits with 1',
    async (name, cause, actor) => {
      const { stdout, code } = await report([name, '--quiet'])
      expect(stdout).toContain(cause)
      expect(stdout).toContain(actor)
      expect(code).toBe(1)
    },
  )

  it('writes the same JSON for the same logs, valid against its schema', async () => {
    const [first, second] = await Promise.all([
      report(['password-changed', '--format', 'json', '--quiet']),
      report(['password-changed', '--format', 'json', '--quiet']),
    ])
    expect(first.stdout).toBe(second.stdout)
    const document = reportDocumentSchema.parse(JSON.parse(first.stdout))
    expect(document.verdict).toBe('unhealthy')
  })

  it('reads gzip from standard input, and reports checks without evidence as unknown', async () => {
    const [relay] = collect(
      halfHours().find(({ name }) => name === 'healthy-half-hour') ?? halfHours()[0]!,
    ).filter(({ path }) => path.includes('bunny'))
    const { stdout } = await report(['-', '--quiet', '--format', 'json'], gzipSync(relay!.bytes))
    const document = reportDocumentSchema.parse(JSON.parse(stdout))
    expect(document.sources[0]?.compressed).toBe(true)
    expect(document.sources[0]?.unreadable).toBe(0)
    expect(document.checklist.map(({ state }) => state)).toContain('unknown')
  })

  it('reports an expected client that is in no log as never seen', async () => {
    await writeFile(join(folder, 'clients.txt'), 'site-a\nsite-b\nsite-c\nsite-d\n')
    const { stdout, code } = await report([
      'healthy-half-hour',
      '--expect',
      'clients.txt',
      '--quiet',
    ])
    expect(stdout).toMatch(/site-d.*never/i)
    expect(code).toBe(1)
  })

  it('writes one page and reports its name', async () => {
    const { stderr } = await report(['password-changed', '--output', 'health.html'])
    expect(stderr).toContain('written to health.html')
    expect(await readFile(join(folder, 'health.html'), 'utf8')).toContain('<!doctype html>')
  })

  it.each([
    [['nowhere.log'], 'nowhere.log does not exist'],
    [[], 'no files to read'],
    [['no-logs'], 'no files to read in no-logs'],
    [['no*.log'], 'no file matches no*.log'],
    [['healthy-half-hour', '--output', 'health.pdf'], 'the extension is not a known format'],
    [['healthy-half-hour', '--format', 'pdf'], 'pdf'],
    [['healthy-half-hour', '--since', 'yesterdayish'], 'yesterdayish'],
    [['healthy-half-hour', '--tz', 'Mars/Base'], 'unknown time zone "Mars/Base"'],
    [
      ['healthy-half-hour', '--since', '2025-09-26 07:00', '--until', '2025-09-26 06:00'],
      '--since is after --until',
    ],
    [['healthy-half-hour', '--follow', '--format', 'html'], 'cannot be combined with --format'],
    [['--source', 'component=spaceship:x.log'], 'unknown component "spaceship"'],
  ])('rejects %j with exit code 64 and a reason', async (options, reason) => {
    const { stderr, code } = await report(options)
    expect(stderr).toContain(reason)
    expect(code).toBe(64)
  })

  it('prints help that fits 80 columns, with commands that can be pasted', async () => {
    const { stdout, code } = await report(['--help'])
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(stdout).toContain('warren report relay.log --follow')
    expect(code).toBe(0)
  })

  it('reports unknown for files without log lines, and exits with 2', async () => {
    await writeFile(join(folder, 'noise.bin'), Buffer.alloc(4_000, '\u0003\u00ff\n'))
    await writeFile(join(folder, 'empty.log'), '')
    for (const file of ['noise.bin', 'empty.log']) {
      const { stdout, code } = await report([file, '--quiet'])
      expect(stdout).toMatch(/^\? Unknown: There is not enough evidence for "/)
      expect(code).toBe(2)
    }
  })

  it('follows a file that grows', async () => {
    const { path, bytes } = collect(
      halfHours().find(({ name }) => name === 'password-changed') ?? halfHours()[0]!,
    ).find((file) => file.path.includes('relay'))!
    const half = bytes.indexOf('\n', Math.floor(bytes.length / 4)) + 1
    const grows = join(folder, 'grows', path.replaceAll('/', '-'))
    await mkdir(dirname(grows), { recursive: true })
    await writeFile(grows, bytes.subarray(0, half))
    const child = start(grows, '--follow')
    let screen = ''
    child.stdout.on('data', (chunk) => (screen += String(chunk)))
    try {
      await until(() => screen.includes('Links'), { timeoutMs: 20_000 })
      expect(screen).not.toContain('wrong password')
      await appendFile(grows, bytes.subarray(half))
      await until(() => screen.includes('wrong password'), { timeoutMs: 20_000 })
    } finally {
      child.kill('SIGINT')
    }
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
    expect(code).toBe(1)
  })
})
