// Question: how many lines a second does the report read on one core, how does that compare with the plainest tools there are, and
// does its memory stay flat when the input grows?
//
// It makes a folder of logs as an operator collects it (a client through kubectl, the hub without dates, a broker, an access log, our own
// JSON), then runs on it, one after the other, pinned to one core: `wc -l`, `grep -c`, the report; and on the access log alone goaccess and
// the report. Every figure is of a whole process, start-up included.
//
// Usage: npm run bench -- [--size 200m] [--keep DIR]        (5g for the memory claim; goaccess is left out where it is not installed)

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const MAIN = join(import.meta.dirname, '../src/main.ts')
const START = Date.UTC(2026, 0, 5, 6)
const CLIENTS = ['site-a', 'site-b', 'site-c', 'site-d', 'site-e']
/** Between two polls of one client, ms. */
const RHYTHM_MS = 10_000

const COLLECTION = '6f1e2c1e-5a0b-4a43-9a53-0d1b0c2f7a1'
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Of the kernel's accounting. */
const TICKS_A_SECOND = 100

const { values: flags } = parseArgs({
  options: { size: { type: 'string', default: '200m' }, keep: { type: 'string' } },
})

interface LogFile {
  readonly name: string
  /** Lines of one poll. */
  readonly poll: (poll: Poll) => string
}

interface Poll {
  readonly number: number
  readonly time: number
  readonly client: string
}

const LOGS: readonly LogFile[] = [
  { name: 'site-a/bunny.log', poll: kubectlBunny },
  { name: 'hub/relay.log', poll: dotnetRelay },
  { name: 'hub/rabbitmq.log', poll: rabbitmq },
  { name: 'hub/access.log', poll: accessLog },
  { name: 'hub/warren-relay.json', poll: warrenRelay },
]

const folder = flags.keep ?? (await mkdtemp(join(tmpdir(), 'warren-bench-')))
try {
  const { lines, bytes, accessLines } = await makeLogs(folder, bytesOf(flags.size))
  const files = LOGS.map(({ name }) => join(folder, name))
  const access = join(folder, 'hub/access.log')
  say(`${cpus()[0]?.model ?? 'unknown processor'}, one core, Node ${process.version}`)
  say(
    `${lines.toLocaleString('en-GB')} lines, ${(bytes / 1e6).toFixed(0)} MB in ${files.length} files\n`,
  )

  const wc = await measure('wc -l', lines, ['wc', '-l', ...files])
  await measure('grep -c', lines, ['grep', '-c', 'responded 204', ...files])
  const report = await measure('report', lines, reportOn(files))
  say(`report takes ${(report / wc).toFixed(1)} times as long as wc -l\n`)
  say('the access log alone')
  await measure('wc -l', accessLines, ['wc', '-l', access])
  const goaccess = await measure('goaccess', accessLines, [
    'goaccess',
    access,
    '--log-format=COMBINED',
    '--no-global-config',
    '-o',
    join(folder, 'goaccess.json'),
  ])
  const alone = await measure('report', accessLines, reportOn([access]))
  if (goaccess > 0) say(`report is ${(goaccess / alone).toFixed(1)} times as fast as goaccess`)
} finally {
  if (flags.keep === undefined) await rm(folder, { recursive: true, force: true })
}

function reportOn(files: readonly string[]): string[] {
  return [
    process.execPath,
    MAIN,
    '--quiet',
    '--format',
    'json',
    '--output',
    join(folder, 'report.json'),
    ...files,
  ]
}

/** Runs a command on one core, prints its speed and peak memory, and gives back its seconds; 0 if it is not there. */
async function measure(title: string, lines: number, command: readonly string[]): Promise<number> {
  const started = performance.now()
  const child = spawn('taskset', ['--cpu-list', '0', ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (text) => (complaint = (complaint + String(text)).slice(-2000)))
  let used = { cpuSeconds: 0, peakKb: 0 }
  const watch = setInterval(() => {
    void usageOf(child.pid).then((usage) => (used = usage ?? used))
  }, 10)
  const [code] = await once(child, 'exit')
  clearInterval(watch)
  const seconds = (performance.now() - started) / 1000
  if (code === 127) {
    say(`${title.padEnd(10)} not installed`)
    return 0
  }
  // The report ends with 1 or 2 for what it found.
  if (Number(code) > 2) throw new Error(`${title} ended with ${String(code)}: ${complaint}`)
  // On a machine that others use too the processor's time is the fairer measure; both are shown.
  const perSecond = (time: number): string =>
    time > 0 ? Math.round(lines / time).toLocaleString('en-GB') : '–'
  say(
    `${title.padEnd(10)} ${seconds.toFixed(2).padStart(8)} s ${perSecond(seconds).padStart(12)} lines/s` +
      ` ${used.cpuSeconds.toFixed(2).padStart(8)} CPU s ${perSecond(used.cpuSeconds).padStart(12)} lines/CPU s` +
      ` ${(used.peakKb / 1024).toFixed(0).padStart(5)} MB`,
  )
  return seconds
}

/** What a process has used so far; undefined once it has ended. */
async function usageOf(
  pid: number | undefined,
): Promise<{ cpuSeconds: number; peakKb: number } | undefined> {
  const [status, stat] = await Promise.all(
    ['status', 'stat'].map((name) =>
      readFile(`/proc/${String(pid)}/${name}`, 'utf8').catch(() => ''),
    ),
  )
  const peakKb = Number(/VmHWM:\s+(\d+)/.exec(status ?? '')?.[1] ?? 0)
  // After the name in brackets: user and system time are the 12th and 13th field.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
  return peakKb > 0 && cpuSeconds > 0 ? { cpuSeconds, peakKb } : undefined
}

async function makeLogs(to: string, wanted: number) {
  const outputs = []
  for (const { name, poll } of LOGS) {
    const path = join(to, name)
    await mkdir(join(path, '..'), { recursive: true })
    outputs.push({ name, poll, stream: createWriteStream(path), waiting: '' })
  }
  let bytes = 0
  let lines = 0
  let accessLines = 0
  for (let number = 0; bytes < wanted; number++) {
    const client = CLIENTS[number % CLIENTS.length] ?? ''
    const time = START + number * (RHYTHM_MS / CLIENTS.length)
    for (const output of outputs) {
      const text = output.poll({ number, time, client })
      if (text === '') continue
      bytes += text.length
      const count = text.split('\n').length - 1
      lines += count
      if (output.name === 'hub/access.log') accessLines += count
      output.waiting += text
      if (output.waiting.length < 1 << 20) continue
      if (!output.stream.write(output.waiting)) await once(output.stream, 'drain')
      output.waiting = ''
    }
  }
  for (const { stream, waiting } of outputs) {
    stream.end(waiting)
    await once(stream, 'finish')
  }
  return { bytes, lines, accessLines }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

function clock(time: number): string {
  return iso(time).slice(11, 19)
}

function kubectlBunny({ time, client }: Poll): string {
  if (client !== 'site-a') return ''
  const date = new Date(time)
  const stamp = `${iso(time).slice(8, 10)}-${MONTHS[date.getUTCMonth()] ?? ''}-${iso(time).slice(2, 4)} ${clock(time)}`
  const wrapper = `[pod/bunny-7d4f9c6b8-x2k4q/bunny] ${iso(time).replace('Z', '123456Z')}`
  return (
    `${wrapper} DEBUG - ${stamp} - Sending get request to https://relay.example.org/link_connector_api/task/nextjob/[REDACTED] with data None and kwargs {}\n` +
    `${wrapper} DEBUG - ${stamp} - Response Status: 204\n` +
    `${wrapper} DEBUG - ${stamp} - No task found. Looking for task...\n`
  )
}

function dotnetRelay({ number, time, client }: Poll): string {
  const at = clock(time)
  const statement = `[${at} INF] Executed DbCommand (1ms) [Parameters=[@__normalizedUserName_0='?'], CommandType='Text', CommandTimeout='30']\nSELECT a."Id", a."AccessFailedCount"\nFROM "AspNetUsers" AS a\n`
  return (
    statement +
    `[${at} INF] Credentials validated for Client: ${client}\n` +
    `[${at} INF] HTTP GET /link_connector_api/task/nextjob/${COLLECTION}${number % CLIENTS.length} responded 204 in 132.${String(number % 10_000).padStart(4, '0')} ms\n` +
    (number % 5 === 0
      ? `[${at} INF] Basic was not authenticated. Failure message: Missing Authorization Header\n[${at} INF] HTTP GET /healthz responded 200 in 3.1201 ms\n`
      : '')
  )
}

function rabbitmq({ number, time }: Poll): string {
  const stamp = `${iso(time).replace('T', ' ').replace('Z', '')}123+00:00`
  const pid = `<0.${700 + (number % 9000)}.0>`
  const ports = `127.0.0.1:${30_000 + (number % 30_000)} -> 127.0.0.1:5672`
  return (
    `${stamp} [info] ${pid} accepting AMQP connection ${pid} (${ports})\n` +
    `${stamp} [info] ${pid} connection ${pid} (${ports}): user 'relay' authenticated and granted access to vhost '/'\n` +
    `${stamp} [info] ${pid} closing AMQP connection ${pid} (${ports}, vhost: '/', user: 'relay')\n`
  )
}

function accessLog({ number, time }: Poll): string {
  const date = new Date(time)
  const stamp = `${iso(time).slice(8, 10)}/${MONTHS[date.getUTCMonth()] ?? ''}/${iso(time).slice(0, 4)}:${clock(time)} +0000`
  return `203.0.113.${number % CLIENTS.length} - - [${stamp}] "GET /link_connector_api/task/nextjob/${COLLECTION}${number % CLIENTS.length} HTTP/1.1" 204 0 "-" "python-requests/2.34.2"\n`
}

function warrenRelay({ number, time, client }: Poll): string {
  const requestId = number.toString(16).padStart(16, '0')
  const head = `{"level":20,"time":${time},"component":"relay","hostname":"relay-0","requestId":"${requestId}"`
  return (
    `${head},"client":"${client}","msg":"credentials validated"}\n` +
    `${head},"method":"GET","path":"/link_connector_api/task/nextjob/${COLLECTION}${number % CLIENTS.length}","status":204,"durationMs":0.${number % 1000},"client":"${client}","node":"${COLLECTION}${number % CLIENTS.length}","msg":"request completed"}\n`
  )
}

function bytesOf(text: string): number {
  const [, amount, unit] = /^(\d+)([kmg]?)$/i.exec(text) ?? []
  if (amount === undefined) throw new Error(`--size ${text}: write 200m or 5g`)
  return Number(amount) * ({ k: 1e3, m: 1e6, g: 1e9 }[unit?.toLowerCase() ?? ''] ?? 1)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
