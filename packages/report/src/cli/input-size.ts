import { statSync } from 'node:fs'
import type { InputFile } from '../read/input-files.ts'

/** Bytes to read, for a progress bar. A compressed file is assumed to grow tenfold. */
export function inputSize(files: readonly InputFile[]): number {
  return files.reduce((sum, { path }) => {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    return sum + (path.endsWith('.gz') ? size * 10 : size)
  }, 0)
}
