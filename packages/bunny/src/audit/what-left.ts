import { createHash } from 'node:crypto'
import { isFailure, readablePieces, type EncodedFile, type EncodedResult } from '@warren/task-api'
import type { Left } from './audit-entry.ts'

const MAX_MESSAGE_LENGTH = 1000

/** What a result contains, without the rows of its files: their hash proves later which file it was. */
export function whatLeft(result: EncodedResult): Left {
  const { status, message, queryResult } = result
  return {
    status: isFailure(result) ? 'error' : 'ok',
    count: queryResult.count,
    message: (message ?? status).slice(0, MAX_MESSAGE_LENGTH),
    files: queryResult.files.map((file) => ({ name: file.file_name, ...digest(file) })),
  }
}

/** The text of a file is hashed piece by piece, because that of a large hospital has many megabytes. */
function digest(file: EncodedFile): { sha256: string; bytes: number; rows: number } {
  const hash = createHash('sha256')
  let bytes = 0
  let lineEnds = 0
  let last = ''
  for (const piece of readablePieces(file)) {
    hash.update(piece)
    bytes += Buffer.byteLength(piece)
    for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', at + 1)) lineEnds += 1
    if (piece !== '') last = piece
  }
  const lines = lineEnds + (last === '' || last.endsWith('\n') ? 0 : 1)
  return { sha256: hash.digest('hex'), bytes, rows: lines - 1 }
}
