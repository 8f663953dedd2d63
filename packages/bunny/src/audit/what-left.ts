import { isFailure, type ResultFile, type TaskResult } from '@warren/task-api'
import { sha256 } from './audit-chain.ts'
import type { Left } from './audit-entry.ts'

const MAX_MESSAGE_LENGTH = 1000

/** What a result contains, without the rows of its files: their hash proves later which file it was. */
export function whatLeft(result: TaskResult): Left {
  const { status, message, queryResult } = result
  return {
    status: isFailure(result) ? 'error' : 'ok',
    count: queryResult.count,
    message: (message ?? status).slice(0, MAX_MESSAGE_LENGTH),
    files: queryResult.files.map((file) => {
      const bytes = contentOf(file)
      return {
        name: file.file_name,
        sha256: sha256(bytes),
        bytes: bytes.length,
        rows: countLines(bytes) - 1,
      }
    }),
  }
}

/** The text of a file as bytes: decoded, unless it was left readable. */
export function contentOf(file: ResultFile): Buffer {
  const decoded = Buffer.from(file.file_data, 'base64')
  return decoded.toString('base64') === file.file_data ? decoded : Buffer.from(file.file_data)
}

function countLines(bytes: Buffer): number {
  if (bytes.length === 0) return 0
  let lines = bytes.at(-1) === 0x0a ? 0 : 1
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) lines += 1
  return lines
}
