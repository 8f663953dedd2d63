import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { ExitCode, ProgramError } from '@warren/runtime'

/**
 * Keeps a second demo out of a folder: it would delete the database and the logs of the first. The lock of a SQLite file
 * ends with its process, however that ends.
 */
export function lockFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true })
  const lock = new DatabaseSync(join(folder, 'demo.lock'))
  try {
    lock.exec('pragma busy_timeout = 0; begin exclusive')
  } catch (error: unknown) {
    lock.close()
    const isLocked = error instanceof Error && error.message.includes('locked')
    if (!isLocked) throw error
    throw new ProgramError(`another demo uses the folder ${folder}`, {
      exitCode: ExitCode.unavailable,
      hint: 'Stop it, or choose another folder with --folder.',
      cause: error,
    })
  }
  return { [Symbol.dispose]: () => lock.close() }
}
