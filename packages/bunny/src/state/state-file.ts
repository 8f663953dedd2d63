import { readFile } from 'node:fs/promises'
import { writeFileAtomically } from './write-file.ts'

/** The JSON in a file; `undefined` if the file does not exist. Rejects if it is not readable or not JSON. */
export async function readStateFile(path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return JSON.parse(text)
}

/**
 * A file that always has the latest state. One write at a time, so that an older state never replaces a newer one. Changes
 * that wait share the next write.
 */
export class StateFile {
  readonly #path: string | undefined
  readonly #state: () => unknown
  #writing: Promise<void> = Promise.resolve()
  /** The write that waits for `#writing`. */
  #next: Promise<void> | undefined

  /** `path`: `undefined` keeps the state in memory only. */
  constructor(path: string | undefined, state: () => unknown) {
    this.#path = path
    this.#state = state
  }

  /** Resolves when the state as it is now is on disk. */
  async write(): Promise<void> {
    const path = this.#path
    if (path === undefined) return
    this.#next ??= this.#writeAfter(this.#writing, path)
    this.#writing = this.#next
    await this.#next
  }

  async #writeAfter(earlier: Promise<void>, path: string): Promise<void> {
    await Promise.allSettled([earlier])
    this.#next = undefined
    await writeFileAtomically(path, JSON.stringify(this.#state()))
  }
}
