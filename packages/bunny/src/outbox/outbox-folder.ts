import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseResult, serializeResult, type TaskResult } from '@warren/task-api'
import { z } from 'zod'
import { errorText } from '../error-text.ts'
import { FolderLock } from './folder-lock.ts'

export interface StoredResult {
  /** The task that the result is for. Each has one file. */
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly solvedAt: number
  readonly result: TaskResult
}

/** A file that is not a stored result, or is incomplete. It is left in place for inspection. */
export interface UnreadableFile {
  readonly file: string
  readonly reason: string
}

const FORMAT = 1

/**
 * Results on disk, one file each, until they are submitted. Files are written atomically: to a draft, which is flushed
 * and renamed. One bunny owns the folder until it is disposed. The results are already suppressed and rounded, but they
 * still belong to the site, so only the owner can read the folder.
 */
export class OutboxFolder implements Disposable {
  readonly #lock: FolderLock
  readonly #path: string
  readonly #maxBytes: number
  readonly #sizes = new Map<string, number>()
  #bytes = 0

  private constructor(lock: FolderLock, path: string, maxBytes: number) {
    this.#lock = lock
    this.#path = path
    this.#maxBytes = maxBytes
  }

  /** Creates the folder if it does not exist. Throws if it is not writable or in use. */
  static async open(path: string, options: { maxBytes: number }): Promise<OutboxFolder> {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await access(path, constants.R_OK | constants.W_OK)
    return new OutboxFolder(await FolderLock.acquire(path), path, options.maxBytes)
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]()
  }

  /** Throws if the folder or the disk is full. The result is then in memory only. */
  async write(entry: StoredResult): Promise<void> {
    const name = fileName(entry.key)
    const text = JSON.stringify({
      format: FORMAT,
      key: entry.key,
      solvedAt: entry.solvedAt,
      result: JSON.parse(serializeResult(entry.result)) as unknown,
    })
    const size = Buffer.byteLength(text)
    if (this.#bytes - (this.#sizes.get(name) ?? 0) + size > this.#maxBytes) {
      throw new Error(`the outbox folder is full: it may hold ${String(this.#maxBytes)} bytes`)
    }
    const target = join(this.#path, name)
    const draft = `${target}.draft`
    try {
      const file = await open(draft, 'w', 0o600)
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, target)
    } catch (error: unknown) {
      await rm(draft, { force: true })
      throw error
    }
    await this.#syncFolder()
    this.#recordSize(name, size)
  }

  async remove(key: string): Promise<void> {
    const name = fileName(key)
    await rm(join(this.#path, name), { force: true })
    this.#recordSize(name, 0)
  }

  /** The results of an earlier process, oldest first, and the unreadable files. Removes drafts. */
  async readAll(): Promise<{ results: StoredResult[]; unreadable: UnreadableFile[] }> {
    const results: StoredResult[] = []
    const unreadable: UnreadableFile[] = []
    for (const name of await readdir(this.#path)) {
      const path = join(this.#path, name)
      if (name.endsWith('.json.draft')) await rm(path, { force: true })
      if (!name.endsWith('.json')) continue
      try {
        results.push(parseStoredResult(await readFile(path, 'utf8')))
        this.#recordSize(name, (await stat(path)).size)
      } catch (error: unknown) {
        unreadable.push({
          file: name,
          reason: error instanceof SyntaxError ? 'not JSON' : errorText(error),
        })
      }
    }
    results.sort((a, b) => a.solvedAt - b.solvedAt)
    return { results, unreadable }
  }

  #recordSize(name: string, size: number): void {
    this.#bytes += size - (this.#sizes.get(name) ?? 0)
    if (size === 0) this.#sizes.delete(name)
    else this.#sizes.set(name, size)
  }

  /** Without this, a power failure can undo the rename. */
  async #syncFolder(): Promise<void> {
    const folder = await open(this.#path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }
}

/** A hash, because the uuid of a task can be any text and must not become a path. */
const fileName = (key: string): string =>
  `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`

const storedSchema = z.object({
  format: z.literal(FORMAT),
  key: z.string(),
  solvedAt: z.number(),
  result: z.unknown(),
})

function parseStoredResult(text: string): StoredResult {
  const stored = storedSchema.safeParse(JSON.parse(text))
  if (!stored.success) throw new Error('not a stored result')
  const { key, solvedAt, result } = stored.data
  return { key, solvedAt, result: parseResult(result) }
}
