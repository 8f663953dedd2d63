import { constants } from 'node:fs'
import { access, mkdir, open, rename, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { CHAIN_START, checkLine, MAX_LINE_BYTES, sealEntry, sha256 } from './audit-chain.ts'
import type { ChainEnd } from './audit-chain.ts'
import type { AuditEvent } from './audit-entry.ts'
import { auditFiles, CURRENT_FILE, rotatedName } from './audit-files.ts'

export interface AuditLogOptions {
  readonly folder: string
  /** A file that is larger is closed, and a new one continues the chain. */
  readonly maxBytes: number
  readonly version: string
  readonly clock: Clock
}

/** The record cannot be continued: its last entry is damaged, which no crash does. */
export class AuditDamaged extends Error {
  override readonly name = 'AuditDamaged'
}

/**
 * The audit record of a site: one JSON line per entry, appended and never changed. `append` returns when the entry is on
 * disk (`fdatasync`), so an answer that waits for it never leaves without its entry. One process writes a folder; callers
 * hold its lock.
 */
export class AuditLog implements AsyncDisposable {
  readonly #options: AuditLogOptions
  #file: FileHandle
  #end: ChainEnd
  /** Bytes of the current file that are known to be whole lines. */
  #size: number
  #firstSeq: number
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(options: AuditLogOptions, file: FileHandle, start: FileStart) {
    this.#options = options
    this.#file = file
    this.#end = start.end
    this.#size = start.size
    this.#firstSeq = start.firstSeq
  }

  /** Creates the folder if it does not exist, and repairs a line that a crash cut off. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { folder, version } = options
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await access(folder, constants.R_OK | constants.W_OK)
    const files = await auditFiles(folder)
    const file = await openForAppend(folder)
    try {
      const { start, torn } = await readStart(files, folder, file)
      const log = new AuditLog(options, file, start)
      if (torn !== undefined) {
        await file.truncate(start.size)
        const detail = `a crash cut off the last line: ${String(torn.length)} bytes removed, SHA-256 ${sha256(torn)}`
        await log.append({ event: 'repaired', detail, version })
      }
      return log
    } catch (error: unknown) {
      await file.close()
      throw error
    }
  }

  /** The last entry. Note it elsewhere to prove later that none was removed. */
  get end(): ChainEnd {
    return this.#end
  }

  /** Resolves when the entry is on disk. Rejects if it is not; then the record is as before. */
  append(event: AuditEvent): Promise<ChainEnd> {
    const appended = this.#queue.then(() => this.#append(event))
    this.#queue = appended.catch(() => {})
    return appended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue
    await this.#file.close()
  }

  async #append(event: AuditEvent): Promise<ChainEnd> {
    if (this.#size > this.#options.maxBytes) await this.#rotate()
    return await this.#write(event)
  }

  async #write(event: AuditEvent): Promise<ChainEnd> {
    const time = this.#options.clock.now()
    const { line, end } = sealEntry(event, { after: this.#end, time })
    const bytes = Buffer.from(line)
    if (bytes.length > MAX_LINE_BYTES) throw new RangeError('an audit entry is too long')
    try {
      await this.#file.appendFile(bytes)
      await this.#file.datasync()
    } catch (error: unknown) {
      // Part of the line may be in the file. The next entry must not follow it on the same line.
      await this.#file.truncate(this.#size).catch(() => {})
      throw error
    }
    this.#size += bytes.length
    this.#end = end
    return end
  }

  async #rotate(): Promise<void> {
    const { folder, version } = this.#options
    const name = rotatedName(this.#firstSeq)
    await rename(join(folder, CURRENT_FILE), join(folder, name))
    const full = this.#file
    try {
      this.#file = await openForAppend(folder)
    } catch (error: unknown) {
      // The record goes on in the full file, and the next entry tries again.
      await rename(join(folder, name), join(folder, CURRENT_FILE))
      throw error
    }
    await full.close()
    await syncFolder(folder)
    this.#size = 0
    this.#firstSeq = this.#end.seq + 1
    await this.#write({ event: 'rotated', detail: `continues ${name}`, version })
  }
}

interface FileStart {
  readonly end: ChainEnd
  readonly size: number
  readonly firstSeq: number
}

async function openForAppend(folder: string): Promise<FileHandle> {
  const file = await open(join(folder, CURRENT_FILE), 'a+', 0o600)
  await syncFolder(folder)
  return file
}

/** Where the record ends, from the last lines of its files, and the bytes of a line that is not whole. */
async function readStart(
  files: readonly string[],
  folder: string,
  file: FileHandle,
): Promise<{ start: FileStart; torn: Buffer | undefined }> {
  const current = await readTail(file, CURRENT_FILE)
  const older = files.filter((path) => path !== join(folder, CURRENT_FILE))
  const before = current.end === undefined ? await endOfNewest(older) : undefined
  const end = current.end ?? before ?? CHAIN_START
  return {
    start: { end, size: current.size, firstSeq: (await firstSeqOf(file)) ?? end.seq + 1 },
    torn: current.torn,
  }
}

async function endOfNewest(files: readonly string[]): Promise<ChainEnd | undefined> {
  const path = files.at(-1)
  if (path === undefined) return undefined
  const file = await open(path, 'r')
  try {
    return (await readTail(file, path)).end
  } finally {
    await file.close()
  }
}

async function readTail(
  file: FileHandle,
  name: string,
): Promise<{ end: ChainEnd | undefined; size: number; torn: Buffer | undefined }> {
  const { size } = await file.stat()
  // The last whole line and the torn one after it.
  const length = Math.min(size, 2 * MAX_LINE_BYTES + 2)
  const tail = Buffer.alloc(length)
  await file.read(tail, 0, length, size - length)
  const lastEnd = tail.lastIndexOf('\n')
  const torn = lastEnd === length - 1 ? undefined : tail.subarray(lastEnd + 1)
  const whole = size - (torn?.length ?? 0)
  if (lastEnd < 0) {
    if (length < size) throw new AuditDamaged(`the last line of ${name} is not an entry`)
    return { end: undefined, size: 0, torn: size === 0 ? undefined : tail }
  }
  const lastStart = lastEnd === 0 ? -1 : tail.lastIndexOf('\n', lastEnd - 1)
  const checked = checkLine(tail.subarray(lastStart + 1, lastEnd))
  if (!checked.ok) throw new AuditDamaged(`the last line of ${name}: ${checked.problem}`)
  return { end: { seq: checked.entry.seq, hash: checked.entry.hash }, size: whole, torn }
}

async function firstSeqOf(file: FileHandle): Promise<number | undefined> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_LINE_BYTES), 0, MAX_LINE_BYTES, 0)
  const first = buffer.subarray(0, bytesRead)
  const end = first.indexOf('\n')
  if (end < 0) return undefined
  const checked = checkLine(first.subarray(0, end))
  return checked.ok ? checked.entry.seq : undefined
}

/** Without this, a power failure can undo the creation or the rename of a file. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
