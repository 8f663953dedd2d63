import { existsSync } from 'node:fs'
import { chmod, link, rename, rm } from 'node:fs/promises'
import { backup, DatabaseSync } from 'node:sqlite'

import { FilePresence } from './file-presence.ts'

// A MB at a time, so that a relay that is running can write in between.
const PAGES_PER_STEP = 256

/** Why a file cannot be backed up or restored. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}

/**
 * Copies the database at `path` to the new file `target`, also while a relay uses it: the copy is the state at one moment, in
 * one file. It is complete when it gets its name. Throws BackupError, or the error of the file system.
 * @param onProgress called with the number of pages copied so far, and of all
 */
export async function backupSqlite(
  path: string,
  target: string,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<void> {
  if (existsSync(target)) throw new BackupError(`${target} exists already`)
  const draft = `${target}.draft`
  await rm(draft, { force: true })
  try {
    using file = openExisting(path)
    await backup(file, draft, {
      rate: PAGES_PER_STEP,
      progress: ({ totalPages, remainingPages }) =>
        onProgress(totalPages - remainingPages, totalPages),
    })
    // It contains password hashes.
    await chmod(draft, 0o600)
    checkRelayDatabase(draft)
    // Unlike a rename, it fails if another process has created the file in the meantime.
    await link(draft, target)
  } finally {
    await rm(draft, { force: true })
  }
}

/**
 * Puts a backup in the place of the database at `path`, which is kept as `kept` if there is one. Throws BackupError if a relay
 * uses the database or the file cannot be used; nothing was changed then.
 */
export async function restoreSqlite(source: string, path: string, kept: string): Promise<void> {
  checkRelayDatabase(source)
  using presence = FilePresence.join(path)
  if (!presence.alone) throw new BackupError(`a relay uses ${path}: stop it first`)
  const draft = `${path}.restored`
  await rm(draft, { force: true })
  try {
    using file = openExisting(source)
    await backup(file, draft)
    await chmod(draft, 0o600)
    if (existsSync(path)) {
      // What is still in the WAL belongs to the file that is kept.
      using old = new DatabaseSync(path)
      old.exec('pragma wal_checkpoint(truncate)')
      old.close()
      await rename(path, kept)
    }
    for (const suffix of ['-wal', '-shm']) await rm(path + suffix, { force: true })
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}

function openExisting(path: string): DatabaseSync & Disposable {
  if (!existsSync(path)) throw new BackupError(`${path} does not exist`)
  return new DatabaseSync(path, { readOnly: true })
}

/** Throws unless the file is an undamaged database of a relay. */
function checkRelayDatabase(path: string): void {
  let problem: string | undefined
  try {
    using file = openExisting(path)
    const found = file.prepare('pragma quick_check(1)').get()?.['quick_check']
    if (found !== 'ok') problem = String(found)
    file.prepare('select version from relay_migrations limit 1').get()
  } catch (error: unknown) {
    if (error instanceof BackupError) throw error
    problem = error instanceof Error ? error.message : String(error)
  }
  if (problem !== undefined) {
    throw new BackupError(`${path} is not a usable database of a relay: ${problem}`)
  }
}
