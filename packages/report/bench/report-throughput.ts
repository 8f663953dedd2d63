// How many lines per second does the report read on one core, compared with simple tools and with goaccess on the same file? How much of
// the time is startup, and does memory stay constant as the input grows?
//
// It generates the logs of one network as an operator collects them (a client through kubectl, the relay without dates, a broker, NGINX, an
// AWS load balancer, Warren's JSON), and large logs of the two load balancers alone. All commands run one after the other on one core.
// Figures are for whole processes, including startup.
//
// Usage: npm run bench -- report -- [--size 200m] [--access-lines 2m] [--check] [--against DIR] [--keep DIR]
//   --size         size of the logs of the network; 5g for the memory limit
//   --access-lines lines of each access log that is read alone; 0 skips them
//   --check        exit with 1 if the logs of the network are read too slowly or with too much memory
//   --against DIR  also measure another checkout of this repository
//   --keep DIR     keep the logs in this folder

import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { reportMeasurement } from '@warren/testkit'
import { ACCESS_LOGS, makeLogs, MIXED_LOGS } from './bench-logs.ts'
import type { BenchLog } from './bench-logs.ts'
import { run } from './measured-run.ts'
import type { Run } from './measured-run.ts'

/** Limits of `--check`: lines per second of processor time, and MB. */
const MIN_LINES = 500_000
const MAX_MB = 200
/** Runs of each command; the fastest counts because it is the least disturbed. */
const ROUNDS = 3

const MAIN = 'packages/report/src/main.ts'
const HERE = join(import.meta.dirname, '../../..')

const { values: flags } = parseArgs({
  options: {
    size: { type: 'string', default: '200m' },
    'access-lines': { type: 'string', default: '2m' },
    check: { type: 'boolean', default: false },
    against: { type: 'string' },
    keep: { type: 'string' },
  },
})

const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'warren-bench-')))
await mkdir(folder, { recursive: true })
const pathOf = ({ name }: BenchLog): string => join(folder, name)
try {
  say(
    `${cpus()[0]?.model ?? 'unknown processor'}, one core, Node ${process.version}, commit ${commitOf(HERE)}`,
  )
  await startUp()
  const mixed = await mixedLogs(amountOf(flags.size))
  const accessLines = amountOf(flags['access-lines'])
  if (accessLines > 0) {
    await accessLog(ACCESS_LOGS.nginx, 'COMBINED', accessLines)
    await accessLog(ACCESS_LOGS.alb, 'AWSALB', accessLines)
  }
  if (flags.check) check(mixed)
} finally {
  if (flags.keep === undefined) await rm(folder, { recursive: true, force: true })
}

async function startUp(): Promise<void> {
  const file = join(folder, 'three-lines.log')
  const time = '26-Sep-25 07:57:01'
  await writeFile(
    file,
    `INFO - ${time} - Task received. Resolving...\nINFO - ${time} - Task resolved.\nDEBUG - ${time} - Response Status: 204\n`,
  )
  say('\nstartup: a file of three lines')
  await reports([file], 3)
}

async function mixedLogs(bytes: number): Promise<{ linesPerCpuSecond: number; peakMb: number }> {
  const files = MIXED_LOGS.map(pathOf)
  const made = await makeLogs(MIXED_LOGS, { bytes }, pathOf)
  say(`\nall logs of a network: ${described(made)} in ${files.length} files`)
  const wc = await tool('wc -l', made.lines, ['wc', '-l', ...files])
  await tool('grep -c', made.lines, ['grep', '-c', 'responded 204', ...files])
  const report = await reports(files, made.lines)
  if (wc) say(`report takes ${times(report.cpuSeconds / wc.cpuSeconds)} as long as wc -l`)
  const measured = { linesPerCpuSecond: made.lines / report.cpuSeconds, peakMb: report.peakMb }
  reportMeasurement({
    what: 'logs of a network, lines per second of CPU time',
    value: measured.linesPerCpuSecond,
    unit: 'lines/s',
    target: { of: 'value', atLeast: MIN_LINES },
  })
  reportMeasurement({
    what: 'logs of a network, peak memory',
    value: measured.peakMb,
    unit: 'MB',
    target: { of: 'value', atMost: MAX_MB },
  })
  return measured
}

async function accessLog(log: BenchLog, goaccessFormat: string, lines: number): Promise<void> {
  const file = pathOf(log)
  const made = await makeLogs([log], { lines }, pathOf)
  say(`\n${log.name} alone: ${described(made)}`)
  await tool('wc -l', made.lines, ['wc', '-l', file])
  await tool('grep -c', made.lines, ['grep', '-c', 'nextjob', file])
  const format = ['--no-global-config', `--log-format=${goaccessFormat}`]
  const target = ['-o', join(folder, 'goaccess.json')]
  const goaccess = await tool('goaccess', made.lines, ['goaccess', file, ...format, ...target])
  const report = await reports([file], made.lines)
  if (goaccess) {
    reportMeasurement({
      what: `${log.name}, lines per second of CPU time`,
      value: lines / report.cpuSeconds,
      unit: 'lines/s',
      reference: { what: 'goaccess', value: lines / goaccess.cpuSeconds },
      ratio: goaccess.cpuSeconds / report.cpuSeconds,
    })
    say(`report is ${times(goaccess.cpuSeconds / report.cpuSeconds)} as fast as goaccess`)
  }
  if (flags.keep === undefined) await rm(file)
}

/** Measures another tool once, for comparison. */
async function tool(
  title: string,
  lines: number,
  command: readonly string[],
): Promise<Run | undefined> {
  const taken = await run(command)
  if (taken) sayRun(title, lines, taken)
  else say(`${title.padEnd(10)} not installed`)
  return taken
}

/** Measures the report, alternating with that of the other checkout if there is one. */
async function reports(files: readonly string[], lines: number): Promise<Run> {
  const { against } = flags
  let [mine, other]: (Run | undefined)[] = []
  for (let round = 0; round < ROUNDS; round++) {
    mine = faster(mine, await reportOf(HERE, files))
    if (against !== undefined) other = faster(other, await reportOf(against, files))
  }
  if (mine === undefined) throw new Error('taskset is not installed')
  if (against !== undefined && other !== undefined) {
    sayRun(commitOf(against), lines, other)
    say(`${' '.repeat(11)}${times(other.cpuSeconds / mine.cpuSeconds)} as fast:`)
  }
  sayRun('report', lines, mine)
  return mine
}

async function reportOf(checkout: string, files: readonly string[]): Promise<Run | undefined> {
  const output = ['--quiet', '--format', 'json', '--output', join(folder, 'report.json')]
  // Exit codes 1 and 2 depend on the findings.
  return run([process.execPath, join(checkout, MAIN), ...output, ...files], 2)
}

function faster(one: Run | undefined, two: Run | undefined): Run | undefined {
  if (one === undefined || two === undefined) return one ?? two
  const { seconds, cpuSeconds } = one.cpuSeconds <= two.cpuSeconds ? one : two
  return { seconds, cpuSeconds, peakMb: Math.max(one.peakMb, two.peakMb) }
}

function check({ linesPerCpuSecond, peakMb }: { linesPerCpuSecond: number; peakMb: number }): void {
  const tooSlow = linesPerCpuSecond < MIN_LINES
  const tooLarge = peakMb > MAX_MB
  if (tooSlow) say(`\ntoo slow: less than ${grouped(MIN_LINES)} lines per second`)
  if (tooLarge) say(`\ntoo large: more than ${MAX_MB} MB`)
  if (tooSlow || tooLarge) process.exitCode = 1
}

function sayRun(title: string, lines: number, { seconds, cpuSeconds, peakMb }: Run): void {
  const speed = (time: number): string => (time > 0 ? grouped(Math.round(lines / time)) : '–')
  say(
    `${title.padEnd(10)} ${seconds.toFixed(2).padStart(8)} s ${speed(seconds).padStart(12)} lines/s` +
      ` ${cpuSeconds.toFixed(2).padStart(8)} CPU s ${speed(cpuSeconds).padStart(12)} lines/CPU s` +
      ` ${peakMb.toFixed(0).padStart(5)} MB`,
  )
}

function described({ lines, bytes }: { lines: number; bytes: number }): string {
  return `${grouped(lines)} lines, ${(bytes / 1e6).toFixed(0)} MB`
}

function times(ratio: number): string {
  return `${ratio.toFixed(1)} times`
}

function grouped(count: number): string {
  return count.toLocaleString('en-GB')
}

function commitOf(checkout: string): string {
  try {
    return execFileSync('git', ['-C', checkout, 'rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}

/** `200m`, `5g`: a number with a decimal multiplier. */
function amountOf(text: string): number {
  const [, amount, unit] = /^(\d+)([kmg]?)$/i.exec(text) ?? []
  if (amount === undefined) throw new Error(`"${text}" is not a size, for example 200m or 5g`)
  return Number(amount) * ({ k: 1e3, m: 1e6, g: 1e9 }[unit?.toLowerCase() ?? ''] ?? 1)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
