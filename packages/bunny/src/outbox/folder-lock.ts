import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ExitCode, ProgramError } from '@warren/runtime'

const SQLITE_BUSY = 5

/**
 * Reserves a folder for one process with a kernel lock on an empty file. SQLite holds the lock, because Node.js has no
 * call for it. The kernel releases it with the process, even a killed one, so locks do not become stale. A process ID would
 * not help: in a container it is always 1.
 */
export class FolderLock implements Disposable {
  readonly #file: DatabaseSync

  private constructor(file: DatabaseSync) {
    this.#file = file
  }

  /** Throws `ProgramError` if another process, or this one, already holds the folder. */
  static async acquire(folder: string): Promise<FolderLock> {
    const path = join(folder, 'lock')
    await makePrivateFile(path)
    const file = new DatabaseSync(path)
    try {
      // In memory: a journal on disk would be a second file, which a killed process leaves behind.
      file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return new FolderLock(file)
    } catch (error: unknown) {
      file.close()
      if (!isBusy(error)) throw error
      throw new ProgramError(`another bunny uses the folder ${folder}`, {
        exitCode: ExitCode.unavailable,
        hint: 'Stop the other bunny, or set BUNNY_STATE_DIR to another folder.',
        cause: error,
      })
    }
  }

  [Symbol.dispose](): void {
    if (this.#file.isOpen) this.#file.close()
  }
}

/** An existing file is not opened: closing it would release this process's own lock. */
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
