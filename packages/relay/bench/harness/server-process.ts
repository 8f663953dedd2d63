import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort, until } from '@warren/testkit'
import { z } from 'zod'

const RELAY = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const REPORT_HEAP = new URL('report-heap.ts', import.meta.url).href
const BARE = fileURLToPath(new URL('bare-server.ts', import.meta.url))
/** Clock ticks per second in /proc, on every Linux that Node.js supports. */
const TICKS = 100

const memorySchema = z.object({ used: z.number(), resident: z.number() })

export interface ServerOptions {
  readonly nodeFlags?: readonly string[]
  /** For `settledMemory`. */
  readonly reportsHeap?: boolean
  /** For `logLines`, which must then be read. */
  readonly keepLog?: boolean
}

/** A server in its own process. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess
  readonly #log: Readable | null

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
    this.#log = child.stderr
  }

  /** A relay. */
  static async relay(env: NodeJS.ProcessEnv, options: ServerOptions = {}): Promise<ServerProcess> {
    return ServerProcess.#start([RELAY, 'serve'], options, (port) => ({
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: `${port}`,
      ...env,
    }))
  }

  /** The reference: a server of `node:http` that answers every request with 204, or holds it if it is to wait. */
  static async bare(options: ServerOptions = {}): Promise<ServerProcess> {
    return ServerProcess.#start([BARE], options, (port) => ({ PORT: `${port}` }))
  }

  static async #start(
    args: readonly string[],
    { nodeFlags = [], reportsHeap = false, keepLog = false }: ServerOptions,
    env: (port: number) => NodeJS.ProcessEnv,
  ): Promise<ServerProcess> {
    const port = await freePort()
    const flags = reportsHeap ? ['--expose-gc', '--import', REPORT_HEAP, ...nodeFlags] : nodeFlags
    const child = spawn(process.execPath, [...flags, ...args], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env(port) },
      stdio: ['ignore', 'ignore', 'pipe', ...(reportsHeap ? (['ipc'] as const) : [])],
    })
    if (!keepLog) child.stderr?.resume()
    const url = `http://127.0.0.1:${port}`
    await until(async () => (await fetch(`${url}/livez`)).ok, { timeoutMs: 30_000 })
    return new ServerProcess(url, child)
  }

  /** The lines of its log. Requires `keepLog`. */
  logLines(): AsyncIterable<string> {
    if (this.#log === null) throw new Error('the log of the server is not a pipe')
    return createInterface({ input: this.#log })
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

  /** Memory in use after a garbage collection, and resident memory then, bytes. Requires `reportsHeap`. */
  async settledMemory(): Promise<{ readonly used: number; readonly resident: number }> {
    const answer = once(this.#child, 'message')
    this.#child.send('memory')
    const [message] = await answer
    return memorySchema.parse(message)
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
