import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { freePort, until } from '@warren/testkit'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const SKEWED_CLOCK = fileURLToPath(new URL('./skewed-clock.ts', import.meta.url))

interface Record {
  readonly msg: string
  readonly [field: string]: unknown
}

/** A relay that runs as a process of its own. */
export class RelayProcess implements AsyncDisposable {
  readonly url: string
  readonly process: ChildProcess
  readonly ended: Promise<{ code: unknown; signal: unknown }>
  #stderr = ''

  private constructor(env: NodeJS.ProcessEnv, port: number, skewMs: number) {
    const skew = skewMs === 0 ? [] : ['--import', SKEWED_CLOCK]
    this.url = `http://127.0.0.1:${port}`
    this.process = spawn(process.execPath, [...skew, MAIN, 'serve'], {
      env: {
        PATH: process.env['PATH'],
        RELAY_HOST: '127.0.0.1',
        RELAY_PORT: String(port),
        TEST_CLOCK_SKEW_MS: String(skewMs),
        ...env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.ended = once(this.process, 'exit').then(([code, signal]: unknown[]) => ({ code, signal }))
  }

  /** Resolves when it accepts requests. `skewMs` shifts the wall clock of its process. */
  static async start(
    env: NodeJS.ProcessEnv,
    { skewMs = 0 }: { skewMs?: number } = {},
  ): Promise<RelayProcess> {
    const relay = new RelayProcess(env, await freePort(), skewMs)
    await until(() => relay.stderr.includes('relay started'), { timeoutMs: 20_000 })
    return relay
  }

  get stderr(): string {
    return this.#stderr
  }

  /** The log records with this message, so far. */
  logged(msg: string): Record[] {
    const complete = this.#stderr.split('\n').slice(0, -1)
    const records = complete.filter((line) => line.startsWith('{'))
    return records.map((line): Record => JSON.parse(line)).filter((record) => record.msg === msg)
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
