import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseResult, serializeResult, type TaskResult } from '@warren/task-api'
import { z } from 'zod'
import { errorText } from '../error-text.ts'
import { FolderLock } from './folder-lock.ts'

export interface StoredResult {
  /** Which task this answers; one file each. */
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly solvedAt: number
  readonly result: TaskResult
}

/** A file that is not a result of ours, or a half of one. It is left where it is for somebody to look at. */
export interface UnreadableFile {
  readonly file: string
  readonly reason: string
}

const FORMAT = 1

/**
 * Results on disk, one file each, until they are delivered. A file appears whole or not at all: it is written beside
 * its place, flushed, and renamed. One folder belongs to one bunny, until it is disposed. What lies here has been
 * through disclosure control, but it is still the hospital's: the folder is made readable for its owner only.
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

  /** Makes the folder if need be. Throws when it cannot be written to or is in use: better at the start than with a result in hand. */
  static async open(path: string, options: { maxBytes: number }): Promise<OutboxFolder> {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await access(path, constants.R_OK | constants.W_OK)
    return new OutboxFolder(await FolderLock.acquire(path), path, options.maxBytes)
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]()
  }

  /** Throws when the folder is full or the disk is: the result is then in memory only. */
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
      throw new Error(`the outbox folder holds ${String(this.#maxBytes)} bytes and is full`)
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

  /** What an earlier process left, oldest first, and what could not be read. Drafts it left are removed. */
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
          reason: error instanceof SyntaxError ? 'it is not JSON' : errorText(error),
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

  /** Without it the rename itself may be lost with the power. */
  async #syncFolder(): Promise<void> {
    const folder = await open(this.#path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }
}

/** A task's uuid comes from elsewhere and may be any text: it must not become a path. */
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
  if (!stored.success) throw new Error('it is not a result that was stored here')
  const { key, solvedAt, result } = stored.data
  return { key, solvedAt, result: parseResult(result) }
}
