// Runs the benchmarks of this repository one after the other, and prints one table of what they measured.
//
// Usage: npm run bench -- [names] [--list] [--check] [--json] [--save] [-- arguments of the benchmark]
//   names    relay/empty-poll, relay, report …; a name without a slash means all of that package. Default: all
//   --list   print the benchmarks and their questions, and run none
//   --check  exit with 1 if a target is missed or a benchmark fails
//   --json   print JSON instead of the table
//   --save   keep the result in bench/results/<commit>.json
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { meetsTarget, shortNumber, startServices } from '@warren/testkit'
import { benchTable } from './bench/bench-table.ts'
import { type Benchmark, BENCHMARKS } from './bench/benchmarks.ts'
import { type BenchmarkRun, questionOf, runBenchmark } from './bench/run-benchmark.ts'

const root = join(import.meta.dirname, '..')
const all = process.argv.slice(2)
const end = all.indexOf('--')
const [own, passedOn] = end < 0 ? [all, []] : [all.slice(0, end), all.slice(end + 1)]
const { values: flags, positionals: names } = parseArgs({
  args: own,
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
})

const chosen = chooseBenchmarks()
if (passedOn.length > 0 && chosen.length !== 1) {
  throw new Error('arguments of a benchmark require the name of exactly one')
}
if (flags.list) {
  for (const benchmark of chosen) {
    process.stdout.write(`${benchmark.name}\n  ${await questionOf(benchmark, root)}\n`)
  }
} else {
  await run()
}

function chooseBenchmarks(): Benchmark[] {
  for (const name of names) {
    if (!BENCHMARKS.some((benchmark) => isNamed(benchmark, name))) {
      throw new Error(`unknown benchmark "${name}"; see npm run bench -- --list`)
    }
  }
  return BENCHMARKS.filter((benchmark) =>
    names.length === 0
      ? flags.list || benchmark.onlyByName !== true
      : names.some((name) => isNamed(benchmark, name)),
  )
}

function isNamed({ name, onlyByName }: Benchmark, wanted: string): boolean {
  return name === wanted || (onlyByName !== true && name.startsWith(`${wanted}/`))
}

async function run(): Promise<void> {
  await using _ = await startServices()
  const loadBefore = loadavg()[0] ?? 0
  const runs: BenchmarkRun[] = []
  for (const benchmark of chosen) {
    process.stderr.write(`\n${benchmark.name}: ${await questionOf(benchmark, root)}\n`)
    runs.push(await runBenchmark(benchmark, root, passedOn))
  }
  const result = {
    commit: git('rev-parse', '--short', 'HEAD'),
    changedFiles: git('status', '--porcelain', '--untracked-files=no') !== '',
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`,
    loadAverage: { before: loadBefore, after: loadavg()[0] ?? 0 },
    node: process.version,
    runs,
  }
  const json = `${JSON.stringify(result, undefined, 2)}\n`
  if (flags.json) process.stdout.write(json)
  else
    process.stdout.write(
      `\n${result.machine}, load average ${loadText(result.loadAverage)}, Node.js ${result.node}, commit ${result.commit}\n${benchTable(runs)}`,
    )
  if (flags.save) {
    const folder = join(root, 'bench/results')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `${result.commit}.json`), json)
  }
  const isMissed = runs.some(
    ({ failed, measurements }) => failed || measurements.some((one) => meetsTarget(one) === false),
  )
  if (flags.check && isMissed) process.exitCode = 1
}

function loadText({ before, after }: { readonly before: number; readonly after: number }): string {
  return `${shortNumber(before)} before and ${shortNumber(after)} after`
}

function git(...args: string[]): string {
  return execFileSync('git', ['-C', root, ...args], { encoding: 'utf8' }).trim()
}
