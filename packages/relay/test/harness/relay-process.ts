import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { freePort, until } from '@warren/testkit'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** A relay that runs as a process of its own. */
export class RelayProcess implements AsyncDisposable {
  readonly url: string
  readonly process: ChildProcess
  readonly ended: Promise<{ code: unknown; signal: unknown }>
  #stderr = ''

  private constructor(env: NodeJS.ProcessEnv, port: number) {
    this.url = `http://127.0.0.1:${port}`
    this.process = spawn(process.execPath, [MAIN, 'serve'], {
      env: {
        PATH: process.env['PATH'],
        RELAY_HOST: '127.0.0.1',
        RELAY_PORT: String(port),
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.ended = once(this.process, 'exit').then(([code, signal]: unknown[]) => ({ code, signal }))
  }

  static async start(env: NodeJS.ProcessEnv): Promise<RelayProcess> {
    const relay = new RelayProcess(env, await freePort())
    await until(() => relay.stderr.includes('relay started'), { timeoutMs: 20_000 })
    return relay
  }

  get stderr(): string {
    return this.#stderr
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
