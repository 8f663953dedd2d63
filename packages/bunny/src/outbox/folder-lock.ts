import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ExitCode, ProgramError } from '@warren/runtime'

const SQLITE_BUSY = 5

/**
 * Keeps a folder to one process. The lock is the kernel's, on an empty file, held through SQLite because Node has no
 * call for it. It goes with its process, however that ends: nothing stale is left for anybody to clear away, and a
 * process id, which in a container is always 1, need not be believed.
 */
export class FolderLock implements Disposable {
  readonly #file: DatabaseSync

  private constructor(file: DatabaseSync) {
    this.#file = file
  }

  /** Throws `ProgramError` when another process, or this one, holds the folder already. */
  static async acquire(folder: string): Promise<FolderLock> {
    const path = join(folder, 'lock')
    await makePrivateFile(path)
    const file = new DatabaseSync(path)
    try {
      // In memory: a journal on disk would be a second file, and one that a killed process leaves behind.
      file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return new FolderLock(file)
    } catch (error: unknown) {
      file.close()
      if (!isBusy(error)) throw error
      throw new ProgramError(`another bunny uses the folder ${folder}`, {
        exitCode: ExitCode.unavailable,
        hint: 'stop that one first, or give each its own BUNNY_OUTBOX_DIR',
        cause: error,
      })
    }
  }

  [Symbol.dispose](): void {
    if (this.#file.isOpen) this.#file.close()
  }
}

/** A file that exists is left closed: closing it would take this process's own lock away. */
async function makePrivateFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600)
    await file.close()
  } catch (error: unknown) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
