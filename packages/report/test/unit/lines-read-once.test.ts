import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { follow } from '../../src/cli/follow.ts'
import type { ReportDocument } from '../../src/document/report-document.ts'
import { inputFiles } from '../../src/read/input-files.ts'
import { InputSpool } from '../../src/read/input-spool.ts'
import { createReport } from '../../src/report.ts'
import { clientLog, pollTimes } from '../fixtures/small-logs.ts'

const TIMES = pollTimes(1)
const polls = ({ links }: ReportDocument): number | undefined => links[0]?.views[0]?.exchanges

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-lines-once-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function* input(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text))
}

const stdin = [{ path: '-', labels: {} }]

describe('standard input', () => {
  it('counts a log once that it contains twice', async () => {
    const log = clientLog(TIMES)
    const report = await createReport(stdin, { stdin: input(log, log) })
    expect(polls(report)).toBe(TIMES.length)
  })

  it('counts lines once that a file contains too', async () => {
    const file = join(folder, 'bunny.log')
    await writeFile(file, clientLog(TIMES))
    const report = await createReport([...stdin, { path: file, labels: {} }], {
      stdin: input(clientLog(TIMES)),
    })
    expect(polls(report)).toBe(TIMES.length)
  })

  it('is limited to a time range like a file', async () => {
    const file = join(folder, 'bunny.log')
    await writeFile(file, clientLog(TIMES))
    const range = { since: Date.UTC(2025, 8, 26, 6, 33), until: Date.UTC(2025, 8, 26, 6, 36) }
    const ofFile = await createReport([{ path: file, labels: {} }], range)
    const ofInput = await createReport(stdin, { ...range, stdin: input(clientLog(TIMES)) })
    expect(polls(ofInput)).toBe(polls(ofFile))
    expect(polls(ofInput)).toBeLessThan(TIMES.length)
  })
})

describe('an input that is kept', () => {
  const all = async (spool: InputSpool): Promise<string> => {
    const chunks: Buffer[] = []
    for await (const chunk of spool) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }

  it('is the same each time, and leaves nothing behind', async () => {
    const before = await readdir(tmpdir())
    {
      await using spool = new InputSpool(input('one\n', 'two\n'))
      expect([await all(spool), await all(spool), await all(spool)]).toEqual(
        Array.from({ length: 3 }, () => 'one\ntwo\n'),
      )
      expect(spool.repeatable).toBe(true)
    }
    // Other tests keep inputs at the same time, and remove them as quickly.
    const left = async (): Promise<string[]> =>
      (await readdir(tmpdir())).filter(
        (name) => /^warren-report-\w{6}$/.test(name) && !before.includes(name),
      )
    await until(async () => (await left()).length === 0)
  })

  it('is read once if it is too large', async () => {
    await using spool = new InputSpool(input('one\n', 'two\n'), 5)
    expect(await all(spool)).toBe('one\ntwo\n')
    expect(spool.repeatable).toBe(false)
  })
})

describe('logs that are followed', () => {
  it('count lines once that two growing files contain', async () => {
    const files = ['bunny.log', 'copy.log'].map((name) => join(folder, name))
    const half = Math.floor(TIMES.length / 2)
    for (const file of files) await writeFile(file, clientLog(TIMES.slice(0, 3)))
    const screens: string[] = []
    const stream = { write: (text: string) => screens.push(text) > 0 }
    const stop = new AbortController()
    const io = { stdout: stream, stderr: stream, stdin: process.stdin, env: {} }
    const following = follow(io, inputFiles(files, []), {}, stop.signal, 20)
    await until(() => screens.length > 0)
    for (const part of [TIMES.slice(3, half), TIMES.slice(half)]) {
      const shown = screens.length
      for (const file of files) await appendFile(file, clientLog(part))
      await until(() => screens.length > shown)
    }
    const total = `${TIMES.length} `
    await until(() => screens.at(-1)?.includes(total) === true)
    stop.abort()
    const report = await following
    expect(report.links.reduce((sum, { views }) => sum + (views[0]?.exchanges ?? 0), 0)).toBe(
      TIMES.length,
    )
  })
})
