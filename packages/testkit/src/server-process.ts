import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { until } from './until.ts'

export interface ServerProcessOptions {
  readonly url: string
  /** Options of Node.js, the program and its arguments. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** What it writes to standard error when it serves. */
  readonly ready: string
}

interface LogRecord {
  readonly msg: string
  readonly [field: string]: unknown
}

/** A server that runs as a process of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string
  readonly process: ChildProcess
  readonly ended: Promise<{ code: unknown; signal: unknown }>
  #stderr = ''

  private constructor({ url, args, env }: ServerProcessOptions) {
    this.url = url
    this.process = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.ended = once(this.process, 'exit').then(([code, signal]: unknown[]) => ({ code, signal }))
  }

  /** Resolves when it accepts requests. */
  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options)
    await until(() => server.stderr.includes(options.ready), { timeoutMs: 120_000 })
    return server
  }

  get stderr(): string {
    return this.#stderr
  }

  /** The log records with this message, so far. */
  logged(msg: string): LogRecord[] {
    const complete = this.#stderr.split('\n').slice(0, -1)
    const records = complete.filter((line) => line.startsWith('{'))
    return records.map((line): LogRecord => JSON.parse(line)).filter((record) => record.msg === msg)
  }

  /** Resident memory now and at most so far, bytes. Linux only. */
  async memory(): Promise<{ now: number; peak: number }> {
    const status = await readFile(`/proc/${this.process.pid}/status`, 'utf8')
    const bytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
    return { now: bytes('VmRSS'), peak: bytes('VmHWM') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ended
  }
}
