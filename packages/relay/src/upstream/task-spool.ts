import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ReceiptTime } from './receipt-time.ts'

export interface SpooledTask extends ReceiptTime {
  /** Name of its file. */
  readonly name: string
  readonly upstream: string
  readonly body: unknown
}

/** Bounds of the folder. An upstream that hands out more while nothing can be stored has to wait. */
export interface SpoolBounds {
  readonly maxTasks: number
  readonly maxBytes: number
}

const BOUNDS: SpoolBounds = { maxTasks: 1_000, maxBytes: 100_000_000 }
const SUFFIX = '.json'
const DRAFT = '.draft'
/** An older draft belongs to a process that no longer exists. */
const MAX_DRAFT_AGE_MS = 60_000

const fileSchema = z.object({
  upstream: z.string(),
  receivedAt: z.number(),
  boot: z.string().optional(),
  upMs: z.number().optional(),
  body: z.unknown(),
})

/**
 * Keeps tasks on disk from the moment they are received until they are stored in the database: an upstream may hand a task
 * out only once. Any number of processes may use the folder. A task may be read twice, so admitting it must be idempotent.
 */
export class TaskSpool {
  readonly #folder: string
  readonly #bounds: SpoolBounds
  #tasks = 0
  #bytes = 0

  private constructor(folder: string, bounds: SpoolBounds) {
    this.#folder = folder
    this.#bounds = bounds
  }

  /** Creates the folder, readable only by its owner. Rejects if it cannot be written. */
  static async open(folder: string, bounds = BOUNDS): Promise<TaskSpool> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const spool = new TaskSpool(folder, bounds)
    await spool.#write('probe', '')
    await rm(join(folder, 'probe'))
    await spool.list()
    return spool
  }

  /** Number of tasks in the folder, when it was last read or written. */
  get size(): number {
    return this.#tasks
  }

  /** The name under which a task is kept. A task that is received twice has the same name. */
  nameOf(upstream: string, body: unknown): string {
    const hasUuid = typeof body === 'object' && body !== null && 'uuid' in body
    const key = JSON.stringify([upstream, hasUuid ? body.uuid : body])
    return `${createHash('sha256').update(key).digest('hex').slice(0, 32)}${SUFFIX}`
  }

  /** Resolves when the task is on disk. Rejects if the folder is full or cannot be written. */
  async keep(task: SpooledTask): Promise<void> {
    const { name, ...content } = task
    const text = JSON.stringify(content)
    const bytes = Buffer.byteLength(text)
    if (this.#tasks >= this.#bounds.maxTasks || this.#bytes + bytes > this.#bounds.maxBytes) {
      throw new Error(`the spool is full (${this.#tasks} tasks, ${this.#bytes} bytes)`)
    }
    this.#tasks++
    this.#bytes += bytes
    await this.#write(name, text)
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true })
    this.#tasks = Math.max(0, this.#tasks - 1)
    if (this.#tasks === 0) this.#bytes = 0
  }

  /** Keeps the file for inspection, but no longer as a task. */
  async setAside(name: string): Promise<void> {
    await rename(join(this.#folder, name), join(this.#folder, `${name}.failed`))
    this.#tasks = Math.max(0, this.#tasks - 1)
  }

  /** Names of the tasks that are at least `minAgeMs` old, oldest first. Finishes what killed processes have begun. */
  async list(minAgeMs = 0): Promise<readonly string[]> {
    const now = Date.now()
    const files: { name: string; at: number }[] = []
    let bytes = 0
    for (const name of await readdir(this.#folder)) {
      // Another process may remove the file at any moment.
      const file = await stat(join(this.#folder, name)).catch(() => null)
      if (file === null) continue
      const unfinished = name.endsWith(DRAFT) && now - file.mtimeMs > MAX_DRAFT_AGE_MS
      if (unfinished) await this.#finish(name)
      if (!name.endsWith(SUFFIX)) continue
      files.push({ name, at: file.mtimeMs })
      bytes += file.size
    }
    this.#tasks = files.length
    this.#bytes = bytes
    return files
      .filter(({ at }) => Math.abs(now - at) >= minAgeMs)
      .sort((a, b) => a.at - b.at)
      .map(({ name }) => name)
  }

  /** Null if another process has removed it. Rejects if it is not a spooled task. */
  async read(name: string): Promise<SpooledTask | null> {
    const text = await readFile(join(this.#folder, name), 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
      throw error
    })
    return text === null ? null : { name, ...fileSchema.parse(JSON.parse(text)) }
  }

  /** Removes the folder if it is empty. */
  async close(): Promise<void> {
    await rmdir(this.#folder).catch(() => undefined)
  }

  /** A process was killed between writing a draft and renaming it. A draft that can be read is complete. */
  async #finish(draft: string): Promise<void> {
    const isComplete = await this.read(draft).then(
      (task) => task !== null,
      () => false,
    )
    if (isComplete)
      await rename(join(this.#folder, draft), join(this.#folder, draft.slice(0, -DRAFT.length)))
    else await rm(join(this.#folder, draft), { force: true })
  }

  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name)
    const draft = `${path}${DRAFT}`
    const file = await open(draft, 'w', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
    // Without this, a power failure can undo the rename.
    const folder = await open(this.#folder, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }
}
