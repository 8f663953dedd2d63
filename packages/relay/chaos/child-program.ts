import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

export interface ChildProgramOptions {
  readonly name: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly logFile: string
  /** Whether the process has a channel for messages. It must end when the channel closes. */
  readonly channel: boolean
  readonly onLine?: (line: string) => void
  /** It ended although no one ended it. It is started again. */
  readonly onCrash: (name: string, how: string) => void
}

const RESTART_MS = 500
const STOP_MS = 30_000

/** A Node.js program as a process that is killed, frozen and started again. */
export class ChildProgram implements AsyncDisposable {
  readonly #options: ChildProgramOptions
  #child: ChildProcess | undefined
  #env: NodeJS.ProcessEnv = {}
  #wanted = false
  #pending = ''
  #writing: Promise<void> | undefined

  constructor(options: ChildProgramOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#wanted) return
    this.#wanted = true
    this.#spawn()
  }

  /** Adds to its environment from the next start on. */
  setEnv(env: NodeJS.ProcessEnv): void {
    this.#env = { ...this.#env, ...env }
  }

  send(message: object): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined)
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Stops it as a supervisor does: SIGTERM, and SIGKILL if it does not end. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** SIGSTOP, and SIGCONT after `ms` even if this process has ended by then. */
  freeze(ms: number): void {
    const pid = this.#child?.pid
    if (pid === undefined || !this.#runs()) return
    const script = `kill -STOP ${pid}; sleep ${(ms / 1_000).toFixed(1)}; kill -CONT ${pid}`
    spawn('sh', ['-c', script], { stdio: 'ignore', detached: true }).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await this.#writing
  }

  #runs(): boolean {
    const child = this.#child
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#wanted = false
    const child = this.#child
    if (child === undefined || !this.#runs()) return
    const ended = once(child, 'exit')
    child.kill(signal)
    if (signal === 'SIGKILL') child.kill('SIGCONT')
    const late = new AbortController()
    await Promise.race([ended, delay(STOP_MS, undefined, { signal: late.signal })])
    late.abort()
    if (this.#runs()) {
      child.kill('SIGKILL')
      await ended
    }
  }

  #spawn(): void {
    const { args, env, channel, name, onCrash } = this.#options
    const child = spawn(process.execPath, args, {
      env: { ...env, ...this.#env },
      stdio: ['ignore', 'ignore', 'pipe', ...(channel ? (['ipc'] as const) : [])],
    })
    this.#child = child
    this.#log(`--- ${name} started, process ${child.pid}\n`)
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        this.#log(`${line}\n`)
        this.#options.onLine?.(line)
      })
    }
    child.on('exit', (code, signal) => {
      this.#log(`--- ${name} ended: ${signal ?? code}\n`)
      if (!this.#wanted || this.#child !== child) return
      onCrash(name, String(signal ?? code))
      setTimeout(() => {
        if (this.#wanted && this.#child === child) this.#spawn()
      }, RESTART_MS)
    })
  }

  #log(text: string): void {
    this.#pending += text
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
  }

  /** One write at a time keeps the lines in order. */
  async #write(): Promise<void> {
    while (this.#pending !== '') {
      const chunk = this.#pending
      this.#pending = ''
      await appendFile(this.#options.logFile, chunk)
    }
  }
}
