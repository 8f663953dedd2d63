import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseResult } from '@warren/task-api'
import { z } from 'zod'
import { errorText } from '../error-text.ts'
import type { StoredResult } from './task-store.ts'

/** A file that is not a stored result, or is incomplete. It is left in place for inspection. */
export interface UnreadableFile {
  readonly file: string
  readonly reason: string
}

/**
 * The results that Warren 0.1 kept in a folder, one JSON file each, and the unreadable files. Removes drafts, which a crash
 * can leave behind.
 */
export async function readEarlierResults(
  folder: string,
): Promise<{ results: (StoredResult & { file: string })[]; unreadable: UnreadableFile[] }> {
  const results: (StoredResult & { file: string })[] = []
  const unreadable: UnreadableFile[] = []
  for (const file of await readdir(folder)) {
    const path = join(folder, file)
    if (file.endsWith('.json.draft')) await rm(path, { force: true })
    if (!file.endsWith('.json')) continue
    try {
      results.push({ file, ...parseStoredResult(await readFile(path, 'utf8')) })
    } catch (error: unknown) {
      unreadable.push({
        file,
        reason: error instanceof SyntaxError ? 'not JSON' : errorText(error),
      })
    }
  }
  return { results, unreadable }
}

const storedSchema = z.object({
  format: z.literal(1),
  key: z.string(),
  solvedAt: z.number(),
  result: z.unknown(),
})

function parseStoredResult(text: string): StoredResult {
  const stored = storedSchema.safeParse(JSON.parse(text))
  if (!stored.success) throw new Error('not a stored result')
  const { key, solvedAt, result } = stored.data
  return { key, solvedAt, result: parseResult(result) }
}
