import { ExitCode, fileErrorReason, ProgramError } from '@warren/runtime'
import { BunnyEvent } from '../log-events.ts'
import { openStateFolder, type StateFolderOptions } from './state-folder.ts'
import { TaskStore } from './task-store.ts'

export interface StateOptions extends StateFolderOptions {
  /** `auto`: on disk if a folder can be used. `disk`: on disk, or the start fails. `memory`: never on disk. */
  readonly mode: 'auto' | 'disk' | 'memory'
  /** The configured folder. It must be usable, unless `mode` is `memory`. */
  readonly folder: string | undefined
  /** The folders to try if none is configured, in this order. */
  readonly defaultFolders: readonly string[]
}

export interface State extends Disposable {
  readonly store: TaskStore
  /** Undefined: in memory. */
  readonly folder: string | undefined
}

/** Opens the task store. Throws `ProgramError` (78) if it must be on disk and cannot be, and 69 if another bunny uses it. */
export async function openState(options: StateOptions): Promise<State> {
  const { mode, folder, defaultFolders } = options
  if (mode === 'memory') return inMemory(options)
  if (folder !== undefined) {
    try {
      return withFolder(folder, await openStateFolder(folder, options))
    } catch (error: unknown) {
      if (error instanceof ProgramError) throw error
      throw new ProgramError(
        `BUNNY_STATE_DIR: cannot use the folder ${folder}: ${fileErrorReason(error, 'write')}`,
        { exitCode: ExitCode.config, hint: HINT, cause: error },
      )
    }
  }
  const reasons: string[] = []
  for (const one of defaultFolders) {
    try {
      return withFolder(one, await openStateFolder(one, options))
    } catch (error: unknown) {
      // Another folder would be left alone at the next start, with the tasks in it.
      if (error instanceof ProgramError && mode === 'disk') throw error
      reasons.push(`${one}: ${fileErrorReason(error, 'write')}`)
      if (error instanceof ProgramError) break
    }
  }
  const reason = reasons.join('; ') || 'the environment names no home or state folder'
  if (mode === 'disk') {
    throw new ProgramError(`BUNNY_STATE=disk: no folder can be used: ${reason}`, {
      exitCode: ExitCode.config,
      hint: HINT,
    })
  }
  options.log.warn(
    { reason, advice: `a crash loses tasks and results. ${HINT}` },
    BunnyEvent.stateInMemory,
  )
  return inMemory(options)
}

const HINT = 'Set BUNNY_STATE_DIR to a folder that the user of the bunny can write to.'

const withFolder = (folder: string, state: Disposable & { store: TaskStore }): State => ({
  ...state,
  folder,
})

function inMemory(options: StateOptions): State {
  const store = new TaskStore(':memory:', options)
  return { store, folder: undefined, [Symbol.dispose]: () => store[Symbol.dispose]() }
}
