import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const WAIT_MS = 1_000

/**
 * Shows other processes that this one uses a database file, with a kernel lock on an empty file next to it. SQLite holds
 * the lock, because Node.js has no call for it. The kernel releases it with the process, even a killed one. A process ID
 * would not help: in a container it is always 1.
 */
export class FilePresence implements Disposable {
  /** No other process used the file when this one joined. */
  readonly alone: boolean
  readonly #lock: DatabaseSync | null

  private constructor(alone: boolean, lock: DatabaseSync | null) {
    this.alone = alone
    this.#lock = lock
  }

  static join(path: string): FilePresence {
    if (path === ':memory:') return new FilePresence(true, null)
    let lock: DatabaseSync | null = null
    try {
      closeSync(openSync(`${path}-lock`, 'a', 0o600))
      lock = new DatabaseSync(`${path}-lock`, { timeout: WAIT_MS })
      lock.exec('pragma journal_mode = memory')
      const alone = hasNoOther(lock)
      // A read lock, which any number of processes can hold, until the connection closes.
      lock.exec('begin; select count(*) from sqlite_schema')
      return new FilePresence(alone, lock)
    } catch {
      // A folder or a file system without locks: leadership then ends by expiry alone.
      lock?.close()
      return new FilePresence(false, null)
    }
  }

  [Symbol.dispose](): void {
    if (this.#lock?.isOpen === true) this.#lock.close()
  }
}

function hasNoOther(lock: DatabaseSync): boolean {
  try {
    lock.exec('pragma busy_timeout = 0; begin exclusive; rollback')
    return true
  } catch {
    return false
  } finally {
    lock.exec(`pragma busy_timeout = ${WAIT_MS}`)
  }
}
