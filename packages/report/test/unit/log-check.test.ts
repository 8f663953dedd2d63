import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { styles } from '@warren/runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { runCheckLogs } from '../../src/cli/run-check-logs.ts'
import { checkLogs } from '../../src/check-logs/log-check.ts'
import type { LogCheck } from '../../src/check-logs/log-check.ts'
import { renderCheck } from '../../src/check-logs/render-check.ts'
import { logsOf, scenarioNamed } from '../fixtures/scenario-report.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { clientLog, pollTimes } from '../fixtures/small-logs.ts'

const plain = styles({ write: () => true, isTTY: false }, {})
const healthy = logsOf(scenarioNamed('healthy-half-hour'))
const only = (part: string) =>
  Object.fromEntries(Object.entries(healthy).filter(([name]) => name.includes(part)))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-log-check-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The check as the command prints it with --json, and its exit code. */
async function check(...names: readonly string[]): Promise<{ result: LogCheck; code: number }> {
  let output = ''
  const stream = {
    write: (text: string) => {
      output += text
      return true
    },
  }
  const code = await runCheckLogs(
    { stdout: stream, stderr: stream, env: {}, stdin: process.stdin },
    names,
    { json: true },
  )
  return { result: JSON.parse(output) as LogCheck, code }
}

describe('the check of collected logs', () => {
  it('lists format, program, time range and lines of each log, and misses nothing in a complete set', async () => {
    const result = checkLogs(await reportOf(healthy))
    expect(result.complete).toBe(true)
    expect(result.files.map(({ role }) => role).toSorted()).toEqual(['broker', 'client', 'relay'])
    for (const { lines, from, to, format } of result.files) {
      expect(lines).toBeGreaterThan(100)
      expect(format).not.toBe('not recognised')
      expect(Date.parse(to ?? '')).toBeGreaterThan(Date.parse(from ?? ''))
    }
  })

  it.each([
    ['bunny', 'relay', 'deployment/RELAY'],
    ['relay-', 'client', 'deployment/BUNNY'],
    ['relay-', 'RabbitMQ', 'statefulset/RABBITMQ'],
  ])(
    'names what is missing next to the log of %s: %s, with the commands',
    async (part, log, target) => {
      const result = checkLogs(await reportOf(only(part)))
      const missing = result.missing.find((one) => one.log.includes(log))
      expect(missing?.commands.some((command) => command.includes(target))).toBe(true)
      expect(missing?.commands[0]).toContain('--since-time=2025-09-26T06:')
    },
  )

  it('contains no text of a log in a command', async () => {
    const { missing } = checkLogs(
      await reportOf({ '$(reboot)/bunny.log': clientLog(pollTimes(1), '$(reboot).example.org') }),
    )
    expect(missing.length).toBeGreaterThan(0)
    expect(missing.flatMap(({ commands }) => commands).join('\n')).not.toContain('reboot')
  })

  it('reads the beginning and the end of a large file, and estimates its lines', async () => {
    const file = join(folder, 'bunny.log')
    const day = clientLog(pollTimes(1, 0, 12_000))
    const text = day.repeat(Math.ceil((60 * 1024 * 1024) / day.length))
    await writeFile(file, text)
    const started = performance.now()
    const { result, code } = await check(file)
    const lines = text.split('\n').length - 1
    const estimated = result.files.reduce((sum, found) => sum + found.lines, 0)
    for (const found of result.files)
      expect(found).toMatchObject({ estimated: true, role: 'client' })
    expect(Math.abs(estimated - lines)).toBeLessThan(lines * 0.05)
    expect(code).toBe(2)
    // Generous for a busy machine: reading all of it takes several times as long.
    expect(performance.now() - started).toBeLessThan(60_000)
  })

  it('reports a file without log lines as not recognised', async () => {
    await writeFile(join(folder, 'notes.txt'), 'Dear colleague\n')
    const { result } = await check(join(folder, 'notes.txt'))
    expect(result.files[0]?.format).toBe('not recognised')
    expect(result.complete).toBe(false)
  })

  it('fits 80 columns, except for commands', async () => {
    const text = renderCheck(checkLogs(await reportOf(only('relay-'))), plain, 80)
    expect(text.split('\n').filter((line) => line.length > 80 && !/^ {4}\S/.test(line))).toEqual([])
    expect(text).toContain('missing: log of RabbitMQ')
  })
})
