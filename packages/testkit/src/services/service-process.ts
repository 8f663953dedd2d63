import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

import { until } from '../until.ts'

export interface ServiceCommand {
  readonly program: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Its output is appended here. */
  readonly logFile: string
  /** The user to run it as, if not root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

const LOG_TAIL_LINES = 20

/** A service in its own process group, so that Ctrl-C does not end it before the tests. */
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

  /** Starts `command` and waits until `ready` returns true. If it ends before that, throws with the end of its log. */
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

  /** Ends it by `signal`, or by SIGKILL after `timeoutMs`. */
  async stop(signal: NodeJS.Signals, timeoutMs = 30_000): Promise<void> {
    this.#signal(signal)
    try {
      await until(() => this.hasEnded, { timeoutMs })
    } catch {
      await this.kill()
    }
  }

  /** Ends it by SIGKILL. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL')
    await until(() => this.hasEnded, { what: `the end of ${this.#command.program}` })
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child
    if (pid === undefined || this.hasEnded) return
    try {
      // The whole group: the start script and its server.
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
