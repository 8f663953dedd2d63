import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

/** How often the memory of a running process is read, ms. The kernel records the peak, so the last value is correct. */
const WATCH_MS = 10
/** Exit code of the shell for an unknown command. */
const NOT_FOUND = 127

/** Resources used by one process. */
export interface Run {
  readonly seconds: number
  /** User and system time together, which other processes on the machine do not affect. */
  readonly cpuSeconds: number
  /** Largest resident memory, MB (2^20 bytes); 0 if the process was too short to measure. */
  readonly peakMb: number
}

/**
 * Runs a command on the first core.
 * @param worst highest exit code that is not a failure
 * @returns undefined if the command is not installed
 */
export async function run(command: readonly string[], worst = 0): Promise<Run | undefined> {
  const started = performance.now()
  // The shell's `times` is exact to a millisecond; /proc only to ten.
  const shell = spawn(
    'sh',
    ['-c', '"$@"; code=$?; times >&3; exit $code', 'sh', ...pinned(command)],
    {
      // Not /dev/null: grep would detect it and stop at the first match.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  )
  let errorText = ''
  let times = ''
  shell.stdio[1]?.resume()
  shell.stdio[2]?.on('data', (text) => (errorText = (errorText + String(text)).slice(-2000)))
  shell.stdio[3]?.on('data', (text) => (times += String(text)))
  let peakMb = 0
  const watch = setInterval(() => {
    void peakOfChild(shell.pid).then((mb) => (peakMb = Math.max(peakMb, mb)))
  }, WATCH_MS)
  const [code] = await once(shell, 'close')
  clearInterval(watch)
  const seconds = (performance.now() - started) / 1000
  if (code === NOT_FOUND) return undefined
  if (Number(code) > worst)
    throw new Error(`${command.join(' ')}: failed with exit code ${String(code)}: ${errorText}`)
  return { seconds, cpuSeconds: childSeconds(times), peakMb }
}

function pinned(command: readonly string[]): string[] {
  return ['taskset', '--cpu-list', '0', ...command]
}

/** From the shell's `times`: first its own user and system time, then those of its children. */
function childSeconds(times: string): number {
  const all = [...times.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  )
  return (all[2] ?? 0) + (all[3] ?? 0)
}

async function peakOfChild(shell: number | undefined): Promise<number> {
  const child = await textOf(`/proc/${String(shell)}/task/${String(shell)}/children`)
  const status = await textOf(`/proc/${child.trim().split(' ')[0] ?? ''}/status`)
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
}

/** '' if the process has ended. */
async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}
