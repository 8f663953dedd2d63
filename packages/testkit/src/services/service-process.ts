import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

import { until } from '../until.ts'

export interface ServiceCommand {
  readonly program: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Everything it prints is appended here. */
  readonly logFile: string
  /** To run it as somebody else than root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

const LOG_TAIL_LINES = 20

/** A program that runs beside the tests, in a process group of its own, so that Ctrl-C does not reach it first. */
export class ServiceProcess {
  readonly #child: ChildProcess
  readonly #command: ServiceCommand
  #failure: Error | undefined

  private constructor(child: ChildProcess, command: ServiceCommand) {
    this.#child = child
    this.#command = command
    child.on('error', (error) => {
      this.#failure = error
    })
  }

  /** Starts `command` and waits until `ready` returns true. Throws with the end of its log if it ends before. */
  static async start(
    command: ServiceCommand,
    ready: () => Promise<boolean>,
    timeoutMs = 90_000,
  ): Promise<ServiceProcess> {
    const log = openSync(command.logFile, 'a')
    const child = spawn(command.program, command.args, {
      cwd: command.cwd,
      env: command.env,
      stdio: ['ignore', log, log],
      detached: true,
      ...(command.user !== undefined && { uid: command.user.uid, gid: command.user.gid }),
    })
    closeSync(log)
    const service = new ServiceProcess(child, command)
    const state = await until(
      async () => (service.hasEnded ? 'ended' : (await ready()) && 'ready'),
      { timeoutMs, everyMs: 50, what: command.program },
    ).catch(() => `not ready after ${timeoutMs} ms`)
    if (state !== 'ready') {
      await service.kill()
      const message = `${command.program} did not start (${state}):\n${service.#logTail()}`
      throw new Error(message, { cause: service.#failure })
    }
    return service
  }

  get hasEnded(): boolean {
    return (
      this.#failure !== undefined ||
      this.#child.exitCode !== null ||
      this.#child.signalCode !== null
    )
  }

  /** Ends it by `signal`, and by SIGKILL when that takes longer than `timeoutMs`. */
  async stop(signal: NodeJS.Signals, timeoutMs = 30_000): Promise<void> {
    this.#signal(signal)
    try {
      await until(() => this.hasEnded, { timeoutMs })
    } catch {
      await this.kill()
    }
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL')
    await until(() => this.hasEnded, { what: `the end of ${this.#command.program}` })
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child
    if (pid === undefined || this.hasEnded) return
    try {
      // The whole group: a start script and the server it started.
      process.kill(-pid, signal)
    } catch (error: unknown) {
      const gone = error instanceof Error && 'code' in error && error.code === 'ESRCH'
      if (!gone) throw error
    }
  }

  #logTail(): string {
    const lines = readFileSync(this.#command.logFile, 'utf8').trimEnd().split('\n')
    return lines.slice(-LOG_TAIL_LINES).join('\n')
  }
}
