import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomUUID } from 'node:crypto'
import { SourceError } from '@warren/database'
import { cancelled } from './cancellation.ts'
import type { RowReader, SqlStatement } from './cdm-source.ts'
import { receiveError, type DuckDbRequest, type DuckDbResponse } from './duckdb-messages.ts'
import type { DuckDbSourceOptions } from './duckdb-source.ts'
import { ReaderError } from './reader-error.ts'

const MAIN = fileURLToPath(new URL('./duckdb-main.ts', import.meta.url))

/** How long a statement may take to end after it was stopped. Executing ends within milliseconds, and planning never does. */
const END_WITHIN_MS = 1_000

export interface ProcessStatement {
  readonly statement: SqlStatement
  readonly isStreamed: boolean
  readonly reader: RowReader
  readonly signal: AbortSignal | undefined
  /** 0: no limit. */
  readonly timeoutMs: number
}

interface Running {
  readonly reader: RowReader
  readonly end: (error?: Error) => void
  /** Why it was stopped. */
  reason?: Error
}

/** The process ended while it ran a statement, to stop another one: the statement can run again in a new process. */
export class EndedForAnother extends Error {}

/** A process that reads one DuckDB file, so that a statement that cannot be interrupted ends with it. */
export class DuckDbProcess {
  readonly #child: ChildProcess
  readonly #tempDirectory: string
  readonly #running = new Map<number, Running>()
  readonly #opened = Promise.withResolvers<void>()
  #nextId = 0
  /** Whether this object has ended the process. */
  #isKilled = false
  #hasEnded = false

  private constructor(child: ChildProcess, tempDirectory: string) {
    this.#child = child
    this.#tempDirectory = tempDirectory
    child.on('message', (response: DuckDbResponse) => this.#receive(response))
    child.on('error', ({ message }) => this.#ended(message))
    child.on('exit', (code, signal) => this.#ended(signal ?? `exit code ${String(code)}`))
  }

  /** Rejects with `SourceError` if the file cannot be opened. */
  static async open(options: DuckDbSourceOptions): Promise<DuckDbProcess> {
    const tempDirectory = join(options.tempDirectory ?? tmpdir(), `warren-duckdb-${randomUUID()}`)
    const child = fork(MAIN, [tempDirectory], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // Each statement occupies a thread, and Node.js needs one for files.
      env: { ...process.env, UV_THREADPOOL_SIZE: String((options.poolSize ?? 2) + 1) },
    })
    const started = new DuckDbProcess(child, tempDirectory)
    try {
      started.#send({ kind: 'open', options })
      await started.#opened.promise
      return started
    } catch (error: unknown) {
      await started.end()
      throw error
    } finally {
      started.#keepAlive()
    }
  }

  /** Whether statements can run. */
  get isOpen(): boolean {
    return !this.#hasEnded && !this.#isKilled
  }

  /** Ends the process, and the statements in it. Resolves when nothing of it is left. */
  async end(): Promise<void> {
    this.#isKilled = true
    if (!this.#hasEnded) {
      this.#child.ref()
      const ended = once(this.#child, 'exit')
      this.#child.kill('SIGKILL')
      await ended
    }
    await this.#removeFolder()
  }

  /** Runs a statement. Rejects with `SourceError`, `ReaderError` or `EndedForAnother`. */
  async run(options: ProcessStatement): Promise<void> {
    const { statement, isStreamed, reader, signal, timeoutMs } = options
    if (signal?.aborted === true) throw cancelled()
    if (!this.isOpen) throw new EndedForAnother()
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const end = (error?: Error): void => (error === undefined ? resolve() : reject(error))
    const running: Running = { reader, end }
    this.#running.set(id, running)
    this.#keepAlive()
    this.#send({ kind: 'run', id, statement, isStreamed })
    const onAbort = (): void => this.#stop(id, cancelled())
    signal?.addEventListener('abort', onAbort, { once: true })
    const onTimeout = (): void => this.#stop(id, timedOut())
    const timer = timeoutMs > 0 ? setTimeout(onTimeout, timeoutMs) : undefined
    try {
      await promise
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#running.delete(id)
      this.#keepAlive()
    }
  }

  #stop(id: number, reason: Error): void {
    const running = this.#running.get(id)
    if (running === undefined || running.reason !== undefined) return
    running.reason = reason
    this.#send({ kind: 'cancel', id })
    setTimeout(() => {
      if (this.#running.get(id) === running) void this.end()
    }, END_WITHIN_MS).unref()
  }

  #receive(response: DuckDbResponse): void {
    if (response.kind === 'opened') {
      if (response.error === undefined) this.#opened.resolve()
      else this.#opened.reject(receiveError(response.error))
      return
    }
    const running = this.#running.get(response.id)
    if (running === undefined) return
    if (response.kind === 'rows') {
      if (running.reason !== undefined) return
      try {
        for (const row of response.rows) running.reader(row)
      } catch (error: unknown) {
        this.#stop(response.id, new ReaderError(error))
      }
      return
    }
    const { reason, end } = running
    if (response.error !== undefined) end(reason ?? receiveError(response.error))
    // It was too late to stop the statement, but the rows that its reader rejected are missing.
    else end(reason instanceof ReaderError ? reason : undefined)
  }

  #ended(how: string): void {
    this.#hasEnded = true
    void this.#removeFolder()
    const error = this.#isKilled ? new EndedForAnother() : crashed(how)
    this.#opened.reject(error)
    this.#opened.promise.catch(() => {})
    for (const { reason, end } of this.#running.values()) end(reason ?? error)
  }

  async #removeFolder(): Promise<void> {
    await rm(this.#tempDirectory, { recursive: true, force: true }).catch(() => {})
  }

  #send(request: DuckDbRequest): void {
    // A process that has ended reports that itself.
    if (this.#child.connected) this.#child.send(request, () => {})
  }

  /** Only a running statement keeps this process alive. */
  #keepAlive(): void {
    if (this.#running.size > 0) {
      this.#child.ref()
      this.#child.channel?.ref()
    } else {
      this.#child.unref()
      this.#child.channel?.unref()
    }
  }
}

function timedOut(): SourceError {
  return new SourceError('timeout', 'the statement took longer than allowed', { code: 'TIMEOUT' })
}

/** For example, the system has ended it because memory ran out. */
function crashed(how: string): SourceError {
  return new SourceError('unavailable', `the process that reads the DuckDB file ended: ${how}`, {
    code: 'PROCESS_ENDED',
  })
}
