import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

/** How often a running process is asked for its memory, ms. Its peak is kept by the kernel, so the last answer is the right one. */
const WATCH_MS = 10
/** The shell says so of a command it does not find. */
const NOT_FOUND = 127

/** What one process took, from its start to its end. */
export interface Run {
  readonly seconds: number
  /** User and system time together: what counts on a machine that others use too. */
  readonly cpuSeconds: number
  /** Largest resident memory, MB (2^20 bytes); 0 for a process too short to be asked. */
  readonly peakMb: number
}

/**
 * Runs a command on the first core.
 * @param worst highest exit code that is an answer and no failure
 * @returns undefined where the command is not installed
 */
export async function run(command: readonly string[], worst = 0): Promise<Run | undefined> {
  const started = performance.now()
  // The shell tells to the millisecond what its child used; the kernel's own table is only right to ten.
  const shell = spawn(
    'sh',
    ['-c', '"$@"; code=$?; times >&3; exit $code', 'sh', ...pinned(command)],
    {
      // Not /dev/null: grep sees that nobody reads its count, and stops at the first match.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  )
  let complaint = ''
  let times = ''
  shell.stdio[1]?.resume()
  shell.stdio[2]?.on('data', (text) => (complaint = (complaint + String(text)).slice(-2000)))
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
    throw new Error(`${command.join(' ')}: ended with ${String(code)}: ${complaint}`)
  return { seconds, cpuSeconds: childSeconds(times), peakMb }
}

function pinned(command: readonly string[]): string[] {
  return ['taskset', '--cpu-list', '0', ...command]
}

/** Of the shell's `times`: its own user and system time, then that of its children. */
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

/** '' for a process that has ended. */
async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}
