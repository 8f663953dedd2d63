import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { splitLines, type Line } from '../split-lines.ts'
import { MAX_LINE_BYTES } from './audit-chain.ts'

/** The file that is written. */
export const CURRENT_FILE = 'audit.jsonl'

const ROTATED = /^audit-\d{12}\.jsonl$/

/** The name of a file that is full, by its first entry, so that names sort by age. */
export const rotatedName = (firstSeq: number): string =>
  `audit-${String(firstSeq).padStart(12, '0')}.jsonl`

/** The files of a record, oldest first. Rejects if the folder cannot be read. */
export async function auditFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  const rotated = names.filter((name) => ROTATED.test(name)).sort()
  const current = names.includes(CURRENT_FILE) ? [CURRENT_FILE] : []
  return [...rotated, ...current].map((name) => join(folder, name))
}

export interface AuditLine extends Line {
  /** File name and line number, for messages: `audit.jsonl:12`. */
  readonly at: string
}

/** The lines of all files, one at a time: a record may be larger than memory. */
export async function* auditLines(files: readonly string[]): AsyncGenerator<AuditLine> {
  for (const file of files) {
    let number = 0
    for await (const line of splitLines(createReadStream(file), MAX_LINE_BYTES)) {
      number += 1
      yield { ...line, at: `${basename(file)}:${String(number)}` }
    }
  }
}
