import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Measurement } from '@warren/testkit'
import type { Benchmark } from './benchmarks.ts'

export interface BenchmarkRun {
  readonly name: string
  readonly failed: boolean
  readonly measurements: readonly Measurement[]
}

// Ten times what the longest benchmark takes on an idle machine.
const MAX_RUN_MS = 900_000

/** Runs a benchmark in its own process, and ends it with all processes that it started if it takes too long. What it prints goes to standard error, so that `--json` is the only output. */
export async function runBenchmark(
  { name, file }: Benchmark,
  root: string,
  args: readonly string[],
): Promise<BenchmarkRun> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-bench-'))
  try {
    const measured = join(folder, 'measurements')
    const child = spawn(process.execPath, [join(root, file), ...args], {
      cwd: root,
      env: { ...process.env, WARREN_BENCH_MEASUREMENTS: measured },
      stdio: ['ignore', 'pipe', 'inherit'],
      // With a group of its own, its servers can be ended with it.
      detached: true,
    })
    using _ = endInTime(child)
    child.stdout.pipe(process.stderr, { end: false })
    const [code] = await once(child, 'close')
    const lines = await readFile(measured, 'utf8').catch(() => '')
    const measurements = lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Measurement => JSON.parse(line))
    return { name, failed: code !== 0, measurements }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Ends the process group of the child after a time, and when this process is interrupted. */
function endInTime(child: ChildProcess): Disposable {
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has already ended.
    }
  }
  const interrupt = (): void => {
    end()
    process.exit(1)
  }
  const timer = setTimeout(() => {
    process.stderr.write(`stopped after ${MAX_RUN_MS / 1_000} s\n`)
    end()
  }, MAX_RUN_MS)
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.once(signal, interrupt)
  return {
    [Symbol.dispose]() {
      clearTimeout(timer)
      for (const signal of signals) process.off(signal, interrupt)
    },
  }
}

/** The question of a benchmark: the comment at the start of its file, up to the first empty line. */
export async function questionOf({ file }: Benchmark, root: string): Promise<string> {
  const lines = (await readFile(join(root, file), 'utf8')).split('\n')
  const question: string[] = []
  for (const line of lines) {
    const comment = /^(?:\/\/|\/\*\*| \*(?!\/))(.*)$/.exec(line)
    if (comment === null) break
    const text = comment[1]?.trim() ?? ''
    if (text === '' && question.length > 0) break
    if (text !== '') question.push(text)
  }
  return question.join(' ')
}
