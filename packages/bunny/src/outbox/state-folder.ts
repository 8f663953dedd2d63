import { constants } from 'node:fs'
import { access, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@warren/runtime'
import { errorText } from '../error-text.ts'
import { BunnyEvent } from '../log-events.ts'
import { readEarlierResults } from './earlier-results.ts'
import { FolderLock } from './folder-lock.ts'
import { TaskStore, type TaskStoreOptions } from './task-store.ts'

export interface StateFolderOptions extends TaskStoreOptions {
  readonly log: Logger
  /** Milliseconds since the epoch, for the name of a damaged file. */
  readonly now: number
}

const FILE = 'tasks.sqlite'

/**
 * Opens the task store in `folder`, which is created if it does not exist, readable by its owner only. One bunny owns the
 * folder until the store is disposed. A damaged file is renamed, logged and replaced. Throws if the folder is not writable,
 * and `ProgramError` if another bunny uses it.
 */
export async function openStateFolder(
  folder: string,
  options: StateFolderOptions,
): Promise<Disposable & { readonly store: TaskStore }> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await access(folder, constants.R_OK | constants.W_OK)
  const lock = await FolderLock.acquire(folder)
  try {
    const store = await openStore(folder, options)
    await importEarlierResults(folder, store, options.log)
    return {
      store,
      [Symbol.dispose]() {
        store[Symbol.dispose]()
        lock[Symbol.dispose]()
      },
    }
  } catch (error: unknown) {
    lock[Symbol.dispose]()
    throw error
  }
}

async function openStore(folder: string, options: StateFolderOptions): Promise<TaskStore> {
  const path = join(folder, FILE)
  await createPrivateFile(path)
  try {
    return new TaskStore(path, options)
  } catch (error: unknown) {
    // A full disk or a file of another user is not damage: the file may hold tasks.
    if (!isDamage(error)) throw error
    const aside = `${path}.damaged-${String(options.now)}`
    await rename(path, aside)
    for (const suffix of ['-wal', '-journal']) {
      await rename(`${path}${suffix}`, `${aside}${suffix}`).catch(() => {})
    }
    options.log.error(
      { file: aside, reason: errorText(error), advice: 'tasks and results in it are lost' },
      BunnyEvent.outboxFailure,
    )
    await createPrivateFile(path)
    return new TaskStore(path, options)
  }
}

/** SQLite gives its journal files the permissions of the file. */
async function createPrivateFile(path: string): Promise<void> {
  const file = await open(path, 'a', 0o600)
  await file.close()
}

/** SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR (another schema), or our own checks. */
function isDamage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0
  return code === 11 || code === 26 || code === 1 || !('errcode' in error)
}

/** Moves the results that an earlier version kept in one JSON file each into the store. */
async function importEarlierResults(folder: string, store: TaskStore, log: Logger): Promise<void> {
  const { results, unreadable } = await readEarlierResults(folder)
  for (const { file, reason } of unreadable) log.error({ file, reason }, BunnyEvent.outboxFailure)
  for (const { file, key, solvedAt, result } of results) {
    // Any policy: their questions are not known, so they cannot be solved again.
    store.solve({ key, solvedAt, result }, '')
    await rm(join(folder, file), { force: true })
  }
}
