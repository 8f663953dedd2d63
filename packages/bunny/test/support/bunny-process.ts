import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly stdin?: string
}

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** `bunny` in its own process, with only the given environment variables. */
export class BunnyProcess {
  readonly child: ChildProcessWithoutNullStreams
  stdout = ''
  stderr = ''
  readonly ended: Promise<ProcessEnd>

  constructor(args: readonly string[], options: ProcessOptions = {}) {
    const { env = {}, cwd, stdin } = options
    this.child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { PATH: process.env['PATH'], ...env },
    })
    this.child.stdout.on('data', (data: Buffer) => (this.stdout += data.toString()))
    this.child.stderr.on('data', (data: Buffer) => (this.stderr += data.toString()))
    // A process that exits before it has read its input breaks the pipe. The tests check its exit code.
    this.child.stdin.on('error', () => {})
    this.child.stdin.end(stdin ?? '')
    this.ended = once(this.child, 'close').then(() => ({
      code: this.child.exitCode,
      signal: this.child.signalCode,
      stdout: this.stdout,
      stderr: this.stderr,
    }))
  }

  kill(signal: NodeJS.Signals): Promise<ProcessEnd> {
    this.child.kill(signal)
    return this.ended
  }
}

export const bunny = (args: readonly string[], options?: ProcessOptions): Promise<ProcessEnd> =>
  new BunnyProcess(args, options).ended
