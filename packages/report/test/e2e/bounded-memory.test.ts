import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
/** Says at the end how much memory the process had at most, in kB. */
const SAY_PEAK =
  'data:text/javascript,process.on("exit",()=>process.stderr.write("peak "+process.resourceUsage().maxRSS))'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-memory-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** Peak memory of a report on one file, MB. */
async function peakOf(name: string, bytes: string | Buffer): Promise<number> {
  const file = join(folder, name)
  await writeFile(file, bytes)
  const options = ['--import', SAY_PEAK, MAIN, '--quiet', '--format', 'json', file]
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, options, { maxBuffer: 1 << 28 }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr }),
    )
  })
  // A process that failed would be small.
  expect(JSON.parse(stdout)).toMatchObject({ document: 'warren-report' })
  return Number(/peak (\d+)$/.exec(stderr)?.[1]) / 1024
}

const stamp = (n: number): string => new Date(Date.UTC(2025, 8, 26) + n * 50).toISOString()

describe('memory', () => {
  it.each([
    ['a small compressed file that unpacks to one very long line', 'bomb.log.gz', endlessLine, 200],
    ['an export with the newest line first', 'newest.json', newestFirst, 200],
    ['100,000 different errors', 'errors.log', manyErrors, 200],
    // The report follows up to 1,000 clients individually.
    ['a log with a different client in every line', 'clients.log', manyClients, 260],
  ])(
    'stays bounded for %s',
    async (_what, name, make, mostMb) => {
      expect(await peakOf(name, make())).toBeLessThan(mostMb)
    },
    60_000,
  )
})

function endlessLine(): Buffer {
  const part = gzipSync(Buffer.alloc(16 << 20, 'x'))
  return Buffer.concat(Array.from({ length: 24 }, () => part))
}

function newestFirst(): string {
  return Array.from({ length: 300_000 }, (_, n) => {
    const line = 'INFO - 26-Sep-25 07:57:01 - No task found. Looking for task...'
    return `{"timestamp":"${stamp(300_000 - n)}","line":"${line}","labels":{"pod":"bunny-0"}}\n`
  }).join('')
}

function manyClients(): string {
  return Array.from({ length: 200_000 }, (_, n) => {
    const collection = `6f1e2c1e-5a0b-4a43-9a53-${n.toString(16).padStart(12, '0')}`
    const clock = stamp(n).slice(11, 19)
    return `10.0.0.1 - - [26/Sep/2025:${clock} +0000] "GET /task/nextjob/${collection} HTTP/1.1" 204 0 "-" "x"\n`
  }).join('')
}

function manyErrors(): string {
  return Array.from({ length: 100_000 }, (_, n) => {
    const clock = stamp(n).slice(11, 19)
    return `ERROR - 26-Sep-25 ${clock} - Network error occurred: thing ${n} failed\n  File "x.py", line ${n}, in ${'y'.repeat(300)}\n`
  }).join('')
}
