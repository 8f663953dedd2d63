import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { freePort, until } from '@warren/testkit'

const RELAY = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const BARE = fileURLToPath(new URL('bare-server.ts', import.meta.url))
/** Clock ticks per second in /proc, on every Linux that Node.js supports. */
const TICKS = 100

/** A server in its own process. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  /** A relay. Its log is discarded. */
  static async relay(
    env: NodeJS.ProcessEnv,
    { nodeFlags = [] }: { nodeFlags?: readonly string[] } = {},
  ): Promise<ServerProcess> {
    return ServerProcess.#start([...nodeFlags, RELAY, 'serve'], (port) => ({
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: `${port}`,
      ...env,
    }))
  }

  /** The reference: a server of `node:http` that answers every request with 204. */
  static async bare(): Promise<ServerProcess> {
    return ServerProcess.#start([BARE], (port) => ({ PORT: `${port}` }))
  }

  static async #start(
    args: readonly string[],
    env: (port: number) => NodeJS.ProcessEnv,
  ): Promise<ServerProcess> {
    const port = await freePort()
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env(port) },
      stdio: 'ignore',
    })
    const url = `http://127.0.0.1:${port}`
    await until(async () => (await fetch(`${url}/livez`)).ok, { timeoutMs: 30_000 })
    return new ServerProcess(url, child)
  }

  /** User and system time since the start, seconds. Other processes on the machine hardly affect it. */
  cpuSeconds(): number {
    const fields = this.#read('stat').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  }

  /** Resident memory, MB (2^20 bytes): now, and at its peak. */
  memory(): { readonly residentMb: number; readonly peakMb: number } {
    const status = this.#read('status')
    const mb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024
    return { residentMb: mb('VmRSS'), peakMb: mb('VmHWM') }
  }

  #read(file: string): string {
    return readFileSync(`/proc/${this.#child.pid}/${file}`, 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGTERM')
    await once(this.#child, 'exit')
  }
}
